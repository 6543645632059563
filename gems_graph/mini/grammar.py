"""Reads a request of the small world.

The grammar is the generator's (`gems_graph.mini.words`), read a little more
generously: several sentences, and back-references ("the blue house").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gems_graph.mini import words, world
from gems_graph.mini.limits import check_words, checked
from gems_graph.mini.scene import Group, Relation, Request, outside

CELL = "[a-d][1-4]"
REGION = "|".join(sorted(world.REGIONS, key=len, reverse=True))
PLACE = (
    rf"in the (?P<region>{REGION})(?: corner)?|on the (?P<side>left|right)(?: half)?(?! of)"
    r"|at the (?P<end>top|bottom)"
)
RELATION = r"(?:to the )?(?P<word>left of|right of|above|over|below|under)"
SCENE = (
    r"(?:on|in) (?:a|the) (?P<back>plain|white) background|on (?P<paper>white paper)"
    r"|in the (?P<sky>sky)|in (?:a|the) (?P<meadow>meadow)|on the (?P<grass>grass)"
    r"|on (?:a|the) (?P<beach>beach)|(?:at|in the) (?P<night>night)"
)
_SCENES = {"white paper": "plain", "white": "plain", "grass": "meadow"}
_WORDS = {"over": "above", "under": "below"}
_NOUN = "|".join([*world.SINGULARS, *world.OBJECTS])
_COUNT = rf"(?:exactly )?(?:(?P<count>an?|the|{'|'.join(world.NUMBERS)}) )?(?:exactly )?"
_GROUP = (
    rf"{_COUNT}(?:(?P<size>small|big) )?(?P<color>{'|'.join(world.COLORS)}) (?P<object>{_NOUN})"
)
_RULES = [
    (name, re.compile(rf"(?:{rule})(?: |$)"))
    for name, rule in (
        ("scene", SCENE),
        ("relation", RELATION),
        ("between", "between"),
        ("place", PLACE),
        ("arrangement", r"in a (?P<line>row|column)"),
        ("cells", rf"at (?P<cells>{CELL}(?: (?:and )?{CELL})*)"),
        ("group", _GROUP),
        ("colourless", rf"{_COUNT}(?:(?:small|big) )?(?P<name>{_NOUN})"),
        ("filler", r"and|draw|exactly|an? (?:picture|illustration) of"),
    )
]


def parse_request(text: str) -> Request:
    """Read a request.

    Raises:
        OutsideWorldError: it has words, counts or turns of phrase the small world lacks.
    """
    check_words(text)
    reader = _Reader()
    for sentence in re.split(r" ?\.(?: |$)", words.normalise(text)):
        pieces = [piece.strip() for piece in sentence.split(",") if piece.strip()]
        for index, piece in enumerate(pieces):
            if index:
                reader.comma(pieces[index:])
            for rule, match in _scan(piece):
                reader.take(rule, match)
        reader.end()
    return checked(Request(tuple(reader.groups), tuple(reader.relations), reader.scene))


def region_named(match: re.Match[str]) -> str:
    """Return the region that a match of `PLACE` names."""
    part = match.groupdict()
    return part["region"] or f"{part['side'] or part['end']} half"


def scene_named(match: re.Match[str]) -> str:
    """Return the scene that a match of `SCENE` names."""
    names = ("back", "paper", "sky", "meadow", "grass", "beach", "night")
    found = next(match[name] for name in names if match[name])
    return _SCENES.get(found, found)


def relation_named(match: re.Match[str]) -> str:
    """Return the relation that a match of `RELATION` names."""
    return _WORDS.get(match["word"], match["word"])


@dataclass
class _Reader:
    """Collects groups clause by clause; a relation binds the lists on its two sides."""

    groups: list[Group] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    scene: str | None = None
    subjects: list[int] = field(default_factory=list)
    current: list[int] = field(default_factory=list)
    pending: str = ""

    def take(self, rule: str, token: re.Match[str]) -> None:
        """Act on one token."""
        match rule:
            case "scene":
                self.scene = scene_named(token)
            case "place":
                self._amend(token[0], region=region_named(token))
            case "arrangement":
                self._amend(token[0], arrangement=token["line"])
            case "cells":
                cells = tuple(dict.fromkeys(re.findall(CELL, token["cells"])))
                self._amend(token[0], cells=cells)
            case "group":
                self._group(token)
            case "relation":
                self._relation(relation_named(token))
            case "between":
                self._relation(rule)
            case "colourless":
                raise outside(f"must be told the colour of {token['name']!r}")

    def comma(self, following: list[str]) -> None:
        """Close the clause if this comma ends it: "A left of B, and C ..." begins anew with C."""
        related = any(rule in ("relation", "between") for p in following for rule, _ in _scan(p))
        lone = len(self.current) == 1 and following[0].startswith("and ")
        if self.pending and self.current and (related or lone) and self.pending != "between":
            self.end()

    def end(self) -> None:
        """Close the clause."""
        self._bind(self.current)
        self.subjects, self.current, self.pending = [], [], ""

    def _bind(self, others: list[int]) -> None:
        if not self.pending:
            return
        if not others or (self.pending == "between" and len(others) < 2):
            raise outside(f"does not see what something is {self.pending}")
        sets = [tuple(others[:2])] if self.pending == "between" else [(o,) for o in others]
        self.relations += [Relation(self.pending, s, o) for s in self.subjects for o in sets]

    def _group(self, token: re.Match[str]) -> None:
        noun = token["object"]
        name = world.SINGULARS.get(noun, noun)
        group = Group(_count(token), token["color"], name, token["size"])
        twins = [i for i, other in enumerate(self.groups) if other.kind == group.kind]
        if token["count"] == "the" and twins:
            self.current.append(twins[0])
            return
        self.groups.append(group)
        self.current.append(len(self.groups) - 1)

    def _relation(self, word: str) -> None:
        if not self.current:
            raise outside(f"does not see what is {word}")
        if self.pending:
            # "A left of B above C": B plays both parts. "A left of B and C above D": C starts anew.
            self._bind(self.current[:-1] or self.current)
        self.subjects = self.current[-1:] if self.pending else self.current
        self.current, self.pending = [], word

    def _amend(self, said: str, **changes: str | tuple[str, ...]) -> None:
        if not self.current:
            raise outside(f"does not see what {said.strip()!r} belongs to")
        last = self.current[-1]
        self.groups[last] = replace(self.groups[last], **changes)  # type: ignore[arg-type]


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


def _count(token: re.Match[str]) -> int:
    count, noun = token["count"], token["object"]
    if noun in world.SINGULARS and noun not in world.OBJECTS and count in (None, "a", "an"):
        raise outside(f"must be told how many {token['color']} {noun}")
    return world.NUMBERS.get(count or "one", 1)
