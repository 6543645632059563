"""Soft-TIFA (GenEval2): how likely the right answer was, by the first token's probabilities."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from gems_graph.benchmarks.checks import wrong
from gems_graph.benchmarks.judging import Query
from gems_graph.errors import UsageError

TOP = 20
"""Tokens asked for; servers give no more unless they are told (`--max-logprobs -1`)."""
_DIGITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10,
}  # fmt: skip
_BLANKS = str.maketrans({"Ġ": " ", "▁": " "})  # as some servers write them


def query(question: str) -> Query:
    """Ask for the first token of a one-word answer."""
    return Query(f"{question} Answer in one word.", max_tokens=1, logprobs=True)


def spellings(expected: str) -> list[str]:
    """Return the first tokens that count as the expected answer, each as often as it is counted.

    Of a digit behind a space the tokenizer's first token is the bare space.
    """
    word = expected.strip()
    lower, capital = word.lower(), word.capitalize()
    forms = [lower, capital, f" {lower}", f" {capital}"]
    if lower in _DIGITS:
        forms += [str(_DIGITS[lower])[:1], " "]
    return list(dict.fromkeys(forms))


def score(first: Sequence[tuple[str, float]], expected: str) -> tuple[float, float]:
    """Return the least and the greatest probability that the expected answer can have had.

    Of each spelling that the server left out, all that is known is that it is no likelier than the
    least likely token returned, and that all that were left out share what is missing to one.

    Args:
        first: tokens and log-probabilities, natural logarithm.
        expected: `Yes`, or a number in words.

    Raises:
        ValueError: there are no log-probabilities.
    """
    if not first:
        msg = "the server gave no log-probabilities"
        raise ValueError(msg)
    given: dict[str, float] = {}
    for token, logprob in first:
        plain = token.translate(_BLANKS)
        given[plain] = given.get(plain, 0.0) + math.exp(min(0.0, logprob))
    wanted = spellings(expected)
    low = min(1.0, math.fsum(given.get(form, 0.0) for form in wanted))
    missing = sum(form not in given for form in wanted)
    rest = max(0.0, 1.0 - math.fsum(given.values()))
    room = min(rest, missing * min(given.values()))
    return low, low if room < 1e-12 else min(1.0, low + room)


def imported(text: str, prompts: Sequence[str]) -> list[dict[str, Any]]:
    """Read lists of scores, in the order of the data or by prompt.

    Raises:
        UsageError: it is neither.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        msg = f"The official results are no JSON ({error}); name the scorer's --output_file."
        raise UsageError(msg) from error
    if isinstance(found, dict) and set(found) <= {*prompts}:
        found = [found.get(prompt) for prompt in prompts]
    if not isinstance(found, list) or len(found) != len(prompts):
        raise wrong("official results", f"a list of {len(prompts)} lists of scores", found)
    return [
        {"id": number, "sample": 0, "answers": scores}
        for number, scores in enumerate(found)
        if scores is not None
    ]
