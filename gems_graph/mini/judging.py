"""Answers questions about a picture from the items measured on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gems_graph.mini.grammar import CELL
from gems_graph.mini.items import Item
from gems_graph.mini.look import Look
from gems_graph.mini.questions import Noun, Phrase, Question, parse_question

Word = Literal["yes", "no", "unsure"]
_NEVER_WRONG = re.compile(r"free of visible artifacts|all writing in the picture legible")
"""What strategies ask of every picture, and no picture of this world can get wrong."""
_GAP = 0.03  # centres closer than this (in pictures) are neither left nor right of each other


@dataclass(frozen=True)
class Judgement:
    """An answer and the evidence for it."""

    answer: Word
    evidence: str


def judge(text: str, picture: Look) -> Judgement:
    """Answer a question; what cannot be read, in words or in pixels, is unsure."""
    if _NEVER_WRONG.search(text):
        return Judgement("yes", "There are flat shapes and no writing.")
    question = parse_question(text)
    if question is None:
        return Judgement(
            "unsure",
            "I can only read questions about counts, colours, shapes, sizes, "
            "places and relations of coloured shapes, not this one.",
        )
    if not picture.clear:
        return Judgement(
            "unsure", "This does not look like flat coloured shapes on a light background."
        )
    return _judge(question, picture)


def holds(text: str, picture: Look) -> bool:
    """Tell whether the answer is yes."""
    return judge(text, picture).answer == "yes"


def _judge(question: Question, picture: Look) -> Judgement:
    match question:
        case Question(form="background"):
            return Judgement(
                _word(picture.background == question.word),
                f"The background is {picture.background}.",
            )
        case Question(form="only"):
            return _only(question.nouns, picture)
        case Question(form="relation", a=Phrase() as a, b=Phrase() as b):
            return _relation(a, question.word, b, picture)
        case Question(form="count", a=Phrase() as a):
            return _count(a, picture.items)
        case Question(form="region", a=Phrase(every=False) as a):
            inside = [item for item in picture.items if item.within(question.word)]
            return _count(a, inside, f" in the {question.word}")
        case Question(a=Phrase() as a):
            return _quality(a.noun, question, picture)
    raise AssertionError(question)


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
    named = ", ".join(f"a {_name(item)} at {item.cell}" for item in others)
    return Judgement("no" if strange else "unsure", f"I also see {named}.")


def _relation(a: Phrase, word: str, b: Phrase, picture: Look) -> Judgement:
    items_a, items_b = ([item for item in picture.items if _fits(item, p.noun)] for p in (a, b))
    if absent := [p.noun for p, items in ((a, items_a), (b, items_b)) if not items]:
        return Judgement("no", f"I see no {absent[0]}.")
    every_b = all if b.every else any
    met = [every_b(_lies(item, word, other) for other in items_b) for item in items_a]
    evidence = f"I see the {_named(a, items_a)} and the {_named(b, items_b)}."
    return Judgement(_word(all(met) if a.every else any(met)), evidence)


def _quality(noun: Noun, question: Question, picture: Look) -> Judgement:
    """Judge what is said of all things of a kind: a place, a size, a colour, a shape."""
    items = [item for item in picture.items if _fits(item, noun)]
    if not items:
        return Judgement("no", f"I see no {noun}.")
    listed = ", ".join(f"a {_name(item)} at {item.cell}" for item in items)
    return Judgement(_word(_has(items, question)), f"I see {listed}.")


def _has(items: Sequence[Item], question: Question) -> bool:
    columns, rows = ({item.cell[k] for item in items} for k in (0, 1))
    match question.form, question.word:
        case "region", region:
            return all(item.within(region) for item in items)
        case "cells", cells:
            return {item.cell for item in items} == set(re.findall(CELL, cells))
        case "arrangement", "row":
            return len(rows) == 1
        case "arrangement", "column":
            return len(columns) == 1
        case "arrangement", _:
            return len(rows) > 1 and len(columns) > 1
    return all(_fits(item, question.nouns[0]) for item in items)


def _fits(item: Item, noun: Noun) -> bool:
    return _might_fit(item, noun) and noun.shape in (None, item.shape)


def _might_fit(item: Item, noun: Noun) -> bool:
    """Tell whether an item is of a kind, or of no shape that can be made out."""
    shape = item.shape is None or noun.shape in (None, item.shape)
    return shape and noun.color in (None, item.color) and noun.size in (None, item.size)


def _lies(item: Item, word: str, other: Item) -> bool:
    across, down = other.x - item.x, other.y - item.y
    return {"left of": across, "right of": -across, "above": down, "below": -down}[word] > _GAP


def _word(holds: bool) -> Word:
    return "yes" if holds else "no"


def _name(item: Item) -> str:
    return f"{item.size} {item.color} {item.shape or 'shape'}"


def _named(phrase: Phrase, items: Sequence[Item]) -> str:
    return f"{phrase.noun.named(len(items))}{_places(items)}"


def _places(items: Sequence[Item]) -> str:
    return f" ({', '.join(item.cell for item in items)})" if items else ""
