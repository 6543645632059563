"""OneIG-Bench's text measure: edit distance, whole texts, and words or characters found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gems_graph.benchmarks.checks import wrong
from gems_graph.benchmarks.longtext import LETTERS, READ

__all__ = ["READ", "normal", "statistics", "without_phrases"]
_PHRASES = ("addCriterion", "No text recognized.")
_CHINESE = re.compile("[\u4e00-\u9fff]")


def statistics(wanted: str, read: Sequence[Any], where: str) -> dict[str, tuple[float, float]]:
    """Return edit distances, completions, and units found, of one prompt's pictures."""
    if strange := [each for each in read if not isinstance(each, str)]:
        raise wrong(where, "the text that was read", strange[0])
    target = normal(wanted)
    units = _units(target, target)
    texts = [normal(without_phrases(each)) for each in read]
    distances = [distance(text, target) for text in texts]
    found = [(units & _units(text, target)).total() for text in texts]
    return {
        "text_ed": (sum(distances), len(texts)),
        "text_cr": (sum(each == 0 for each in distances), len(texts)),
        "text_wac": (sum(found), units.total() * len(texts)),
    }


def without_phrases(text: str) -> str:
    """Take out what the official reader is known to make up."""
    for phrase in _PHRASES:
        text = text.replace(phrase, "")
    return text


def normal(text: str) -> str:
    """Leave letters, digits and single blanks; none where there is Chinese."""
    cleaned = re.sub(rf"[^{LETTERS}\s]", "", text)
    if _CHINESE.search(cleaned):
        return re.sub(r"\s", "", cleaned)
    return re.sub(r"\s+", " ", cleaned).strip()


def _units(text: str, like: str) -> Counter[str]:
    """Count characters where the wanted text is Chinese, words otherwise."""
    return Counter(text) if _CHINESE.search(like) else Counter(text.split())


def distance(a: str, b: str) -> int:
    """Return the edit distance (Levenshtein) of two texts, in characters."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]
