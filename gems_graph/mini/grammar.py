"""Reads a request of the small world.

The grammar is the generator's (`gems_graph.mini.words`), read a little more
generously: commas, several sentences, and back-references ("the blue square").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gems_graph.mini import words
from gems_graph.mini.scene import MOST_ITEMS, Group, Relation, Request, outside

CELL = "[a-d][1-4]"
REGION = "|".join(sorted(set(words.REGIONS) - {"full"}, key=len, reverse=True))
_MANY = (
    r"\b(?:five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty|dozen|hundred|many|several|[5-9]|\d\d+)\b"
)
_GROUP = (
    rf"(?:exactly )?(?:(?P<count>a|the|{'|'.join(words.NUMBERS)}) )?(?:exactly )?"
    rf"(?:(?P<size>{'|'.join(words.SIZES)}) )?(?P<color>{'|'.join(words.COLORS)})"
    rf" (?P<shape>{'|'.join([*words.SINGULARS, *words.SHAPES])})"
)
_RULES = [
    (name, re.compile(rf"(?:{rule})(?: |$)"))
    for name, rule in (
        ("background", rf"(?:in )?(?:(?:a|the) )?({'|'.join(words.BACKGROUNDS)}) background"),
        ("ahead", rf"(?:in the )?({REGION}|anywhere) :"),
        ("relation", f"({'|'.join(words.RELATIONS)})"),
        ("region", f"in the ({REGION})"),
        ("arrangement", r"(?:in a )?(row|column|scattered)"),
        ("cells", rf"at ({CELL}(?: (?:and )?{CELL})*)"),
        ("group", _GROUP),
        ("and", "and|anywhere"),
    )
]


def parse_request(text: str) -> Request:
    """Read a request.

    Raises:
        OutsideWorldError: it has words, counts or turns of phrase the small world lacks.
    """
    _check_words(text)
    reader = _Reader()
    for sentence in re.split(r"[.;\n]+", text):
        pieces = [flat(piece) for piece in sentence.split(",") if piece.strip()]
        for index, piece in enumerate(pieces):
            if index:
                reader.comma(pieces[index:])
            for rule, match in _scan(piece):
                reader.take(rule, match)
        reader.end()
    return _checked(Request(tuple(reader.groups), tuple(reader.relations), reader.background))


def flat(text: str) -> str:
    """Normalise a piece of text and drop the period a plan ends with."""
    return words.normalise(text).rstrip(" .")


@dataclass
class _Reader:
    """Collects groups clause by clause; a relation binds the lists on its two sides."""

    groups: list[Group] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    background: str | None = None
    subjects: list[int] = field(default_factory=list)
    current: list[int] = field(default_factory=list)
    pending: str = ""
    ahead: str | None = None

    def take(self, rule: str, token: re.Match[str]) -> None:
        """Act on one token."""
        match rule:
            case "background":
                self.background = token[1]
            case "ahead":
                self.ahead = None if token[1] == "anywhere" else token[1]
            case "region" if not self.current:
                self.ahead = token[1]
            case "region" | "arrangement":
                self._amend(rule, token[1])
            case "cells":
                self._amend(rule, tuple(dict.fromkeys(re.findall(CELL, token[1]))))
            case "group":
                self._group(token)
            case "relation":
                self._relation(token[1])

    def comma(self, following: list[str]) -> None:
        """Close the clause if this comma ends it: "A left of B, and C ..." begins anew with C."""
        related = any(rule == "relation" for piece in following for rule, _ in _scan(piece))
        lone = len(self.current) == 1 and following[0].startswith("and ")
        if self.pending and self.current and (related or lone):
            self.end()

    def end(self) -> None:
        """Close the clause."""
        self._bind(self.current)
        self.subjects, self.current, self.pending, self.ahead = [], [], "", None

    def _bind(self, objects: list[int]) -> None:
        if self.pending and not objects:
            raise outside(f"does not see what something is {self.pending}")
        if self.pending:
            pairs = [(s, o) for s in self.subjects for o in objects]
            self.relations += [Relation(self.pending, s, o) for s, o in pairs]

    def _group(self, token: re.Match[str]) -> None:
        group = Group(_count(token), token["color"], _singular(token["shape"]), token["size"])
        twins = [i for i, other in enumerate(self.groups) if other.kind == group.kind]
        if token["count"] == "the" and twins:
            self.current.append(twins[0])
            return
        self.groups.append(replace(group, region=self.ahead))
        self.current.append(len(self.groups) - 1)
        self.ahead = None

    def _relation(self, word: str) -> None:
        if not self.current:
            raise outside(f"does not see what is {word}")
        if self.pending:
            # "A left of B above C": B plays both parts. "A left of B and C above D": C starts anew.
            self._bind(self.current[:-1] or self.current)
        self.subjects = self.current[-1:] if self.pending else self.current
        self.current, self.pending = [], word

    def _amend(self, rule: str, value: str | tuple[str, ...]) -> None:
        if not self.current:
            raise outside(f"does not see what {value!r} belongs to")
        changes: dict[str, str | tuple[str, ...]] = {rule: value}
        self.groups[self.current[-1]] = replace(self.groups[self.current[-1]], **changes)  # type: ignore[arg-type]


def _scan(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    place = 0
    while place < len(text):
        for rule, pattern in _RULES:
            if match := pattern.match(text, place):
                yield rule, match
                place = match.end()
                break
        else:
            raise outside(f"cannot read {text[place:]!r}")


def _singular(noun: str) -> str:
    return words.SINGULARS.get(noun, noun)


def _count(token: re.Match[str]) -> int:
    count, noun = token["count"], token["shape"]
    if noun in words.SINGULARS and count in (None, "a"):
        raise outside(f"must be told how many {token['color']} {noun}")
    return words.NUMBERS.get(count or "one", 1)


def _check_words(text: str) -> None:
    if match := re.search(_MANY, text.lower()):
        raise outside(f"draws at most four of a kind at once, not {match[0]!r}")
    if unknown := words.unknown_words(words.normalise(text).split()):
        raise outside(f"does not know {', '.join(map(repr, unknown[:8]))}")


def _checked(request: Request) -> Request:
    if not request.groups:
        raise outside("finds nothing to draw in this request")
    if (total := sum(group.count for group in request.groups)) > MOST_ITEMS:
        raise outside(f"has room for {MOST_ITEMS} items, and this request has {total}")
    for group in request.groups:
        if group.cells and len(group.cells) != group.count:
            raise outside(
                f"needs one cell an item, unlike {group.words()} at {' '.join(group.cells)}"
            )
    for relation in request.relations:
        subject, other = request.groups[relation.subject], request.groups[relation.object]
        if subject.kind == other.kind:
            name = subject.words(count=False, plural=True)
            raise outside(f"cannot tell apart two groups of {name} by where they are")
    return request
