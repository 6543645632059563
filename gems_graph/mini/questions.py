"""Yes/no questions about a picture: what they ask, in a grammar that reads generously.

Whatever does not fit this grammar is left unread: a guess would be no verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gems_graph.mini import words
from gems_graph.mini.grammar import CELL, REGION

_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
COUNTS = {name: n for n, name in enumerate([*_NUMBERS.split(), "fifteen", "sixteen"])} | {"zero": 0}
_THINGS = {"shape", "item", "object", "thing", "figure"}
_NOUN = (
    rf"(?:(?:{'|'.join(words.SIZES)}) )?(?:(?:{'|'.join(words.COLORS)}) )?"
    rf"(?:{'|'.join([*words.SINGULARS, *words.SHAPES])}|(?:{'|'.join(sorted(_THINGS))})s?)"
)
_PHRASE = (
    rf"(?:(?:exactly|only|at least|at most|the|all|both|each|every|any|a|of"
    rf"|{'|'.join(COUNTS)}|\d+) )*{_NOUN}"
)
_ASKING = re.compile(
    r"\b(?:(?:in|of|on) (?:the|this) (?:picture|image|scene|frame)|(?:the|this) (?:picture|image)"
    r"|is|are|there|does|do|shows?|contains?|has|have|can|you|see|visible|shown|arranged|placed"
    r"|located|positioned|that)\b"
)
_FORMS = [
    (name, re.compile(form))
    for name, form in (
        ("background", r"(?:the )?background (?P<name>\w+)|(?:a |the )?(?P<name2>\w+) background"),
        ("only", rf"(?:no|nothing) ?(?:{_NOUN})? ?(?:other than|except|besides|but) (?P<list>.+)"),
        ("relation", rf"(?P<a>{_PHRASE}) (?P<word>{'|'.join(words.RELATIONS)}) (?P<b>{_PHRASE})"),
        ("region", rf"(?P<a>{_PHRASE}) in the (?P<place>{REGION})"),
        ("arrangement", rf"(?P<a>{_PHRASE}) (?:in a )?(?P<place>row|column|scattered)"),
        (
            "cells",
            rf"(?P<a>{_PHRASE}) (?:at|in) (?P<place>{CELL}(?: (?:and )?{CELL})*)(?: .*grid.*)?",
        ),
        ("quality", rf"(?P<a>{_PHRASE}) (?:a )?(?P<quality>(?:\w+ )?\w+)"),
        ("count", rf"(?P<a>{_PHRASE})"),
    )
]


@dataclass(frozen=True)
class Noun:
    """Which items are meant; None leaves a property open."""

    size: str | None = None
    color: str | None = None
    shape: str | None = None

    def __str__(self) -> str:
        return self.named(0)

    def named(self, count: int) -> str:
        """Return its name for so many items."""
        one = self.shape or "shape"
        name = one if count == 1 else words.PLURALS.get(one, "shapes")
        return " ".join(filter(None, [self.size, self.color, name]))


@dataclass(frozen=True)
class Phrase:
    """A noun with its quantifier; `every` speaks of all of them ("the two red circles")."""

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
    b: Phrase | None = None
    word: str = ""
    nouns: tuple[Noun, ...] = ()


def parse_question(text: str) -> Question | None:
    """Read a question, or return None if it is outside the grammar."""
    line = " ".join(_ASKING.sub(" ", words.normalise(text).replace(".", " ")).split())
    for form, pattern in _FORMS:
        if (match := pattern.fullmatch(line)) and (question := _question(form, match)):
            return question
    return None


def _question(form: str, parsed: re.Match[str]) -> Question | None:
    part = parsed.groupdict()
    a = _phrase(part["a"]) if "a" in part else None
    match form:
        case "background":
            name = part["name"] or part["name2"]
            return (
                Question(form, word=name) if name in {*words.BACKGROUNDS, *words.COLORS} else None
            )
        case "only":
            nouns = tuple(_noun(name) for name in re.findall(rf"\b{_NOUN}\b", part["list"]))
            leftover = re.sub(rf"\b(?:{_NOUN}|and|or|the|a|{'|'.join(COUNTS)})\b", "", part["list"])
            return None if leftover.strip() or not nouns else Question(form, nouns=nouns)
        case "relation":
            return Question(form, a, _phrase(part["b"]), part["word"])
        case "region" | "arrangement" | "cells":
            return Question(form, a, word=part["place"])
        case "quality":
            noun = _quality(part["quality"])
            return Question(form, a, nouns=(noun,)) if noun else None
    return Question(form, a)


def _quality(text: str) -> Noun | None:
    """Read what is said of things: a size, a colour, a shape, or several of these."""
    is_noun = re.fullmatch(_NOUN, text)
    only_adjectives = set(text.split()) <= {*words.SIZES, *words.COLORS}
    return _noun(text) if is_noun or only_adjectives else None


def _noun(text: str) -> Noun:
    singulars = [words.SINGULARS.get(word, word) for word in text.split()]

    def pick(vocabulary: object) -> str | None:
        return next((word for word in singulars if word in vocabulary), None)  # type: ignore[operator]

    return Noun(pick(words.SIZES), pick(words.COLORS), pick(words.SHAPES))


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
