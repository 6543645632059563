"""What a yes/no question states about known nouns, as facts that can be compared.

The rule is small on purpose: nouns are found by name, the words before one are its number and
qualities, the words after it what is asked of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from gems_graph.evaluation import wording

Kind = Literal["object", "count", "attribute", "relation", "given"]


class Fact(NamedTuple):
    """One fact: an `object` is there, its `count`, an `attribute`, a `relation` to another.

    `given` is a number that a question takes for granted ("the five cats").
    """

    kind: Kind
    noun: str
    value: str = ""
    other: str = ""


class _Mention(NamedTuple):
    """A noun in a question: where its phrase starts and ends, its number and qualities."""

    noun: str
    start: int
    end: int
    number: int | None
    qualities: list[str]
    definite: bool


def facts_in(question: str, nouns: Sequence[str]) -> set[Fact]:
    """Return what a question states, if the answer is yes, about some nouns.

    Args:
        question: in English; a negated one states nothing.
        nouns: that it may be about, singular or plural; others are not seen.
    """
    words = wording.words_of(question, nouns)
    if wording.NEGATIONS & {*words}:
        return set()
    mentions = _mentions(words, nouns)
    if not mentions:
        return set()
    nothing_follows = _nothing_follows(mentions, words)
    facts = {
        fact
        for mention in mentions
        for fact in _of_phrase(
            mention, asked=nothing_follows or (wording.THERE in words and not mention.definite)
        )
    }
    return facts | _said(words, mentions)


def covers(stated: set[Fact], fact: Fact) -> bool:
    """Tell whether what is stated holds a fact; a verb may be told in more words."""
    if fact in stated:
        return True
    return fact.kind == "relation" and any(
        (each.noun, each.other) == (fact.noun, fact.other)
        and {*fact.value.split()} <= {*each.value.split()}
        for each in stated
        if each.kind == "relation"
    )


def _mentions(words: Sequence[str], nouns: Sequence[str]) -> list[_Mention]:
    known = {form: noun for noun in nouns for form in sorted(wording.forms(noun))}
    found: list[_Mention] = []
    for k, word in enumerate(words):
        noun = next((known[form] for form in sorted(wording.forms(word)) if form in known), None)
        if noun is not None:
            found.append(_mention(noun, words, k, found[-1].end if found else 0))
    return found


def _mention(noun: str, words: Sequence[str], k: int, floor: int) -> _Mention:
    """Read the phrase that ends with a noun: qualities, before them determiners."""
    start = middle = _before_qualities(words, k, floor)
    while start > floor and wording.determines(words[start - 1]):
        start -= 1
    determiners = [*words[start:middle]]
    if not determiners and (middle == 0 or words[middle - 1] != wording.THERE):
        return _Mention(noun, k, k + 1, None, [], definite=False)  # a bare plural
    numbers = _numbers(determiners)
    exact = not wording.INEXACT & {*determiners}
    return _Mention(
        noun, start, k + 1, numbers[-1] if numbers and exact else None,
        [wording.quality(word) for word in words[middle:k]],
        bool(wording.DEFINITE & {*determiners}),
    )  # fmt: skip


def _numbers(determiners: Sequence[str]) -> list[int]:
    """Return the numbers among determiners; "one of the five cats" are five."""
    after = [*determiners[1:], ""]
    found = [
        wording.number(word)
        for word, next_word in zip(determiners, after, strict=False)
        if next_word != "of" or word in wording.COLLECTIVES
    ]
    return [n for n in found if n is not None]


def _before_qualities(words: Sequence[str], k: int, floor: int) -> int:
    """Go left from a noun at k over its qualities."""
    ends = wording.LINKS | wording.FILLERS | {wording.THERE}
    while k > floor and not (
        words[k - 1] in ends or words[k - 1].startswith("@") or wording.determines(words[k - 1])
    ):
        k -= 1
    return k


def _nothing_follows(mentions: Sequence[_Mention], words: Sequence[str]) -> bool:
    """Tell whether a question names nouns and says nothing of them: are they there?"""
    starts = [*(mention.start for mention in mentions[1:]), len(words)]
    between = (words[m.end : start] for m, start in zip(mentions, starts, strict=True))
    return all({*each} <= wording.LINKS for each in between)


def _of_phrase(mention: _Mention, *, asked: bool) -> list[Fact]:
    """Return what the phrase of a noun itself states, where it is asked for and not given."""
    noun, number = mention.noun, mention.number
    if not asked:
        return [] if number is None else [Fact("given", noun, str(number))]
    counted = [] if number is None else [Fact("count", noun, str(number))]
    qualities = [Fact("attribute", noun, each) for each in mention.qualities]
    return [Fact("object", noun), *counted, *qualities]


def _said(words: Sequence[str], mentions: Sequence[_Mention]) -> set[Fact]:
    """Return what is said of nouns after them: qualities, and relations to the next noun."""
    facts, subjects = set[Fact](), list[str]()
    following = [*mentions[1:], None]
    for mention, after in zip(mentions, following, strict=True):
        subjects.append(mention.noun)
        between = [*words[mention.end : after.start if after else len(words)]]
        if after and between and {*between} <= wording.LINKS:
            continue  # "the dogs and the cats": what follows is said of both
        pieces = _split(between)
        last = pieces.pop() if after else []
        facts |= {
            Fact("attribute", noun, wording.quality(word))
            for noun in subjects
            for piece in pieces
            for word in piece
            if word not in wording.FILLERS and not wording.determines(word)
        }
        if after:
            facts |= _related(last, subjects, after.noun)
        subjects = []
    return facts


def _related(between: list[str], subjects: Sequence[str], other: str) -> set[Fact]:
    found = [wording.relation(between, subject, other) for subject in subjects]
    return {Fact("relation", *each[:2], each[2]) for each in found if each}


def _split(words: Sequence[str]) -> list[list[str]]:
    """Split at `and` and `or`."""
    pieces: list[list[str]] = [[]]
    for word in words:
        if word in wording.LINKS:
            pieces.append([])
        else:
            pieces[-1].append(word)
    return pieces
