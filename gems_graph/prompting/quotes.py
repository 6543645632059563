"""Find what a text quotes, in any script and with any marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CLOSERS = {
    '"': '"', "'": "'", "“": "”", "”": "”", "„": "“”", "‘": "’", "‚": "‘’",
    "«": "»", "»": "«", "‹": "›", "›": "‹", "「": "」", "『": "』",
}  # fmt: skip
"""Opening marks, and what closes each; `”` opens in Finnish, `»` in Danish."""
STRAIGHT = "\"'"
_NESTS = "“«‹「『"  # one mark opens and another closes, so that quotes of one kind can nest
_LOOSE = "\"'”‘"  # marks that also stand for inches, minutes, apostrophes
_ELISION = re.compile(r"['‘](?:\d\ds?|t(?:is|was|il)|em|cause|n)\b", re.IGNORECASE)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Letters of scripts that set no spaces between words, or join particles to them."""


class Span(NamedTuple):
    """A quoted string: where its marks begin and end in the text, and what is between."""

    start: int
    end: int
    content: str


def quotations(text: str) -> list[Span]:
    """Return the outermost quotations; marks around the whole text are not counted as one."""
    outermost = list(spans(text))
    if len(outermost) == 1 and text[outermost[0].start : outermost[0].end] == text.strip():
        offset = outermost[0].start + 1
        inner = spans(text[offset : outermost[0].end - 1])
        return [Span(start + offset, end + offset, content) for start, end, content in inner]
    return outermost


def spans(text: str) -> Iterator[Span]:
    """Yield every outermost pair of marks with something between; an unclosed one is none."""
    position = 0
    while position < len(text):
        end = _closing(text, position) if _opens(text, position) else None
        if end is None:
            position += 1
            continue
        content = text[position + 1 : end]
        if content.strip():  # spaces inside « these » are typography, inside "these" text
            loose = text[position] not in STRAIGHT
            yield Span(position, end + 1, content.strip() if loose else content)
        position = end + 1


def in_word(char: str) -> bool:
    """Tell whether a letter or digit joins a mark beside it to its word, as an apostrophe."""
    return char.isalnum() and not _UNSPACED.match(char)


def _opens(text: str, at: int) -> bool:
    mark = text[at]
    if mark not in _LOOSE:
        return mark in CLOSERS
    if at and in_word(text[at - 1]):
        return False
    if mark in "'‘" and _ELISION.match(text, at):
        return False
    return mark == "‘" or not text[at + 1 : at + 2].isspace()


def _closing(text: str, at: int) -> int | None:
    """Return where the quotation that opens at `at` ends; straight marks end with a paragraph."""
    mark, depth = text[at], 0
    if not any(closer in text[at + 1 :] for closer in CLOSERS[mark]):
        return None
    for end in range(at + 1, len(text)):
        char = text[end]
        if mark in STRAIGHT and text.startswith("\n\n", end):
            return None
        if char in CLOSERS[mark] and not _apostrophe(text, end):
            if not depth:
                return end
            depth -= 1
        elif char == mark and mark in _NESTS:
            depth += 1
    return None


def _apostrophe(text: str, at: int) -> bool:
    following = text[at + 1 : at + 2]
    return text[at] in "'’" and bool(following) and in_word(following)
