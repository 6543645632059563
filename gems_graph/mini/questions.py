"""Yes/no questions about a picture: what they ask, in a grammar that reads generously.

Whatever does not fit this grammar is left unread: a guess would be no verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gems_graph.mini import words, world
from gems_graph.mini.grammar import CELL, PLACE, RELATION, region_named, relation_named

_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
COUNTS = {name: n for n, name in enumerate([*_NUMBERS.split(), "fifteen", "sixteen"])} | {"zero": 0}
_THINGS = r"(?:shape|item|object|thing|figure)s?"
_SIZE, _COLOR = "small|big|normal", "|".join(world.COLORS)
_OBJECT = "|".join(sorted([*world.SINGULARS, *world.OBJECTS], key=len, reverse=True))
_NOUN = rf"(?:(?:{_SIZE}) )?(?:(?:{_COLOR}) )?(?:{_OBJECT}|{_THINGS})\b"
_PHRASE = (
    rf"(?:(?:exactly|only|at least|at most|the|all|both|each|every|any|an?|of"
    rf"|{'|'.join(COUNTS)}|\d+) )*{_NOUN}"
)
_ASKING = re.compile(
    r"\b(?:(?:in|of|on) (?:the|this) (?:picture|image|scene|frame)|(?:the|this) (?:picture|image)"
    r"|is|are|there|does|do|shows?|contains?|has|have|can|you|see|visible|shown|arranged|placed"
    r"|located|positioned|that|it)\b"
)
_SCENE = (
    r"(?:the )?(?:background|scene)? ?(?:in |on |at )?(?:an? |the )?(?P<place>{})"
    r"(?: background| scene)?"
)
_FORMS = [
    (name, re.compile(form))
    for name, form in (
        ("scene", _SCENE.format("|".join([*world.SCENES, "grass"]))),
        ("only", rf"(?:no|nothing) ?(?:{_NOUN})? ?(?:else )?(?:other than|except|besides|but)"
                 r" (?P<list>.+)"),
        ("between", rf"(?P<a>{_PHRASE}) between (?P<b>{_PHRASE}) and (?P<c>{_PHRASE})"),
        ("relation", rf"(?P<a>{_PHRASE}) (?P<lies>{RELATION}) (?P<b>{_PHRASE})"),
        ("region", rf"(?P<a>{_PHRASE}) (?P<where>{PLACE})"),
        ("arrangement", rf"(?P<a>{_PHRASE}) (?:in a )?(?P<line>row|column)"),
        (
            "cells",
            rf"(?P<a>{_PHRASE}) (?:at|in) (?P<cells>{CELL}(?: ?(?:,|and)? ?{CELL})*)(?: .*grid.*)?",
        ),
        ("quality", rf"(?P<a>{_PHRASE}) (?:an? )?(?P<quality>(?:\w+ )?\w+)"),
        ("count", rf"(?P<a>{_PHRASE})"),
    )
]  # fmt: skip


@dataclass(frozen=True)
class Noun:
    """Which items are meant; None leaves a property open."""

    size: str | None = None
    color: str | None = None
    object: str | None = None

    def __str__(self) -> str:
        return self.named(0)

    def named(self, count: int) -> str:
        """Return its name for so many items."""
        one = self.object or "thing"
        name = one if count == 1 else world.PLURALS.get(one, "things")
        return " ".join(filter(None, [self.size, self.color, name]))


@dataclass(frozen=True)
class Phrase:
    """A noun with its quantifier; `every` speaks of all of them ("the two red fish")."""

    noun: Noun
    least: int
    most: int | None
    every: bool

    def allows(self, count: int) -> bool:
        """Tell whether so many items are what the phrase says."""
        return self.least <= count and (self.most is None or count <= self.most)


@dataclass(frozen=True)
class Question:
    """A question as read; `form` says which of the other fields matter."""

    form: str
    a: Phrase | None = None
    others: tuple[Phrase, ...] = ()
    word: str = ""
    nouns: tuple[Noun, ...] = ()


def parse_question(text: str) -> Question | None:
    """Read a question, or return None if it is outside the grammar."""
    bare = words.normalise(text).replace(".", " ").replace(" ,", ",")
    line = " ".join(_ASKING.sub(" ", bare).split())
    for form, pattern in _FORMS:
        if (match := pattern.fullmatch(line)) and (question := _question(form, match)):
            return question
    return None


def _question(form: str, parsed: re.Match[str]) -> Question | None:
    part = parsed.groupdict()
    a = _phrase(part["a"]) if "a" in part else None
    match form:
        case "scene":
            return Question(form, word={"grass": "meadow"}.get(part["place"], part["place"]))
        case "only":
            return _only(part["list"])
        case "between":
            return Question("relation", a, (_phrase(part["b"]), _phrase(part["c"])), form)
        case "relation":
            return Question(form, a, (_phrase(part["b"]),), relation_named(parsed))
        case "region":
            return Question(form, a, word=region_named(parsed))
        case "arrangement":
            return Question(form, a, word=part["line"])
        case "cells":
            return Question(form, a, word=part["cells"])
        case "quality":
            noun = _quality(part["quality"])
            return Question(form, a, nouns=(noun,)) if noun else None
    return Question(form, a)


def _only(named: str) -> Question | None:
    nouns = tuple(_noun(name) for name in re.findall(rf"\b{_NOUN}", named))
    leftover = re.sub(rf"\b(?:{_NOUN}|and|or|the|an?|{'|'.join(COUNTS)})\b|,", "", named)
    return None if leftover.strip() or not nouns else Question("only", nouns=nouns)


def _quality(text: str) -> Noun | None:
    """Read what is said of things: a size, a colour, an object, or several of these."""
    is_noun = re.fullmatch(_NOUN, text)
    only_adjectives = set(text.split()) <= {*world.SIZES, *world.COLORS}
    return _noun(text) if is_noun or only_adjectives else None


def _noun(text: str) -> Noun:
    singulars = [world.SINGULARS.get(word, word) for word in text.split()]

    def pick(vocabulary: object) -> str | None:
        return next((word for word in singulars if word in vocabulary), None)  # type: ignore[operator]

    return Noun(pick(world.SIZES), pick(world.COLORS), pick(world.OBJECTS))


def _phrase(text: str) -> Phrase:
    noun = re.search(rf"{_NOUN}$", text)
    assert noun, text
    quantifiers = text[: noun.start()].split()
    counts = [word for word in quantifiers if word in COUNTS or word.isdigit()]
    numbers = [int(word) if word.isdigit() else COUNTS[word] for word in counts]
    every = bool({"the", "all", "both", "each", "every"} & set(quantifiers))
    number = numbers[0] if numbers else 1
    if "least" in quantifiers or not (numbers or {"exactly", "only", "most"} & set(quantifiers)):
        return Phrase(_noun(noun[0]), number, None, every)
    return Phrase(_noun(noun[0]), 0 if "most" in quantifiers else number, number, every)
