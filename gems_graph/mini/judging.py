"""Answers questions about a picture from the items seen in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gems_graph.mini.grammar import CELL
from gems_graph.mini.look import Item, Look
from gems_graph.mini.questions import Noun, Phrase, Question, parse_question

Word = Literal["yes", "no", "unsure"]
_WRITING = "all writing in the picture legible"
_ARTIFACTS = "free of visible artifacts"
_GAP = 0.06  # centres closer than this (in pictures) are neither left nor right of each other


@dataclass(frozen=True)
class Judgement:
    """An answer and the evidence for it."""

    answer: Word
    evidence: str


def judge(text: str, picture: Look) -> Judgement:
    """Answer a question; what cannot be read, in words or in pixels, is unsure."""
    if _WRITING in text:
        return Judgement("yes", "There is no writing.")
    question = parse_question(text)
    if question is None and _ARTIFACTS not in text:
        return Judgement(
            "unsure",
            "I can only read questions about counts, colours, sizes, places and relations of the"
            " things I know, not this one.",
        )
    if not picture.clear:
        return Judgement("unsure", "This does not look like a picture of my small world.")
    return _judge(question, picture) if question else _artifacts(picture)


def holds(text: str, picture: Look) -> bool:
    """Tell whether the answer is yes."""
    return judge(text, picture).answer == "yes"


def _judge(question: Question, picture: Look) -> Judgement:
    match question:
        case Question(form="scene"):
            return Judgement(
                _word(picture.scene == question.word), f"The scene is: {picture.scene}."
            )
        case Question(form="only"):
            return _only(question.nouns, picture)
        case Question(form="relation", a=Phrase() as a):
            return _relation(a, question.word, question.others, picture)
        case Question(form="count", a=Phrase() as a):
            return _count(a, picture.items)
        case Question(form="region", a=Phrase(every=False) as a):
            inside = [item for item in picture.items if item.within(question.word)]
            return _count(a, inside, f" in the {question.word}")
        case Question(a=Phrase() as a):
            return _quality(a.noun, question, picture)
    raise AssertionError(question)


def _artifacts(picture: Look) -> Judgement:
    smeared = [item for item in picture.items if item.object is None]
    seen = f"something unclear{_places(smeared)}" if smeared else "nothing unclear"
    return Judgement(_word(not smeared), f"I see {seen}.")


def _count(phrase: Phrase, items: Sequence[Item], where: str = "") -> Judgement:
    sure = [item for item in items if _fits(item, phrase.noun)]
    doubtful = [item for item in items if item not in sure and _might_fit(item, phrase.noun)]
    evidence = f"I count {len(sure)} {phrase.noun.named(len(sure))}{where}{_places(sure)}"
    if doubtful:
        evidence += f", and {len(doubtful)} I cannot make out{_places(doubtful)}"
    fits = {phrase.allows(n) for n in range(len(sure), len(sure) + len(doubtful) + 1)}
    return Judgement("unsure" if len(fits) > 1 else _word(fits.pop()), f"{evidence}.")


def _only(nouns: Sequence[Noun], picture: Look) -> Judgement:
    others = [item for item in picture.items if not any(_fits(item, noun) for noun in nouns)]
    if not others:
        return Judgement("yes", "I see nothing else.")
    strange = [item for item in others if not any(_might_fit(item, noun) for noun in nouns)]
    named = ", ".join(f"{_name(item)} at {' '.join(item.cells)}" for item in others)
    return Judgement("no" if strange else "unsure", f"I also see {named}.")


def _relation(a: Phrase, word: str, others: Sequence[Phrase], picture: Look) -> Judgement:
    phrases = (a, *others)
    found = [[item for item in picture.items if _fits(item, p.noun)] for p in phrases]
    if absent := [str(p.noun) for p, items in zip(phrases, found, strict=True) if not items]:
        return Judgement("no", f"I see no {absent[0]}.")
    if word == "between":
        met = [_between(item, found[1], found[2]) for item in found[0]]
    else:
        every = all if others[0].every else any
        met = [every(_lies(item, word, other) for other in found[1]) for item in found[0]]
    seen = [
        f"the {p.noun.named(len(items))}{_places(items)}"
        for p, items in zip(phrases, found, strict=True)
    ]
    return Judgement(_word(all(met) if a.every else any(met)), f"I see {' and '.join(seen)}.")


def _quality(noun: Noun, question: Question, picture: Look) -> Judgement:
    """Judge what is said of all things of a kind: a place, a size, a colour, an object."""
    items = [item for item in picture.items if _fits(item, noun)]
    if not items:
        return Judgement("no", f"I see no {noun}.")
    listed = ", ".join(f"{_name(item)} at {' '.join(item.cells)}" for item in items)
    return Judgement(_word(_has(items, question)), f"I see {listed}.")


def _has(items: Sequence[Item], question: Question) -> bool:
    match question.form, question.word:
        case "region", region:
            return all(item.within(region) for item in items)
        case "cells", cells:
            covered = {cell for item in items for cell in item.cells}
            return covered == set(re.findall(CELL, cells))
        case "arrangement", "row":
            return len({item.y for item in items}) == 1
        case "arrangement", _:
            return len({item.x for item in items}) == 1
    return all(_fits(item, question.nouns[0]) for item in items)


def _fits(item: Item, noun: Noun) -> bool:
    return item.object is not None and _might_fit(item, noun)


def _might_fit(item: Item, noun: Noun) -> bool:
    """Tell whether an item is of a kind, or cannot be told."""
    if item.object is None:
        return True
    named = noun.object in (None, item.object) and noun.color in (None, item.color)
    return named and noun.size in (None, item.size)


def _lies(item: Item, word: str, other: Item) -> bool:
    across, down = other.x - item.x, other.y - item.y
    return {"left of": across, "right of": -across, "above": down, "below": -down}[word] > _GAP


def _between(item: Item, some: Sequence[Item], others: Sequence[Item]) -> bool:
    """Tell whether an item has all of some on one side and all of the others on the opposite."""
    sides = (("left of", "right of"), ("above", "below"))
    return any(
        all(_lies(item, first, one) for one in some)
        and all(_lies(item, second, other) for other in others)
        for pair in sides
        for first, second in (pair, pair[::-1])
    )


def _word(holds: bool) -> Word:
    return "yes" if holds else "no"


def _name(item: Item) -> str:
    size = "" if item.size == "normal" else f"{item.size} "
    return f"a {size}{item.color} {item.object}" if item.object else "something unclear"


def _places(items: Sequence[Item]) -> str:
    return f" ({', '.join(' '.join(item.cells) for item in items)})" if items else ""
