"""How long a text is, in tokens or words, and how to shorten it; a program, so an estimate.

Scripts written without spaces (Chinese, Japanese, Korean, emoji) take about a token a
character and two characters a word.
"""

from __future__ import annotations

import re

_WIDE = "\u2e80-\ud7ff\uf900-\uffdc\U0001f000-\U0003ffff"
_WIDE_ONE = re.compile(f"[{_WIDE}]")
_PIECE = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]{{1,24}}|\s+")
_SENTENCE_END = re.compile(r"[.!?…؟।]+[\"'”’)]*(?=\s)|[。！？]+[」』”]*")


def tokens(text: str) -> int:
    """Estimate the tokens of a text: four characters each, in wide scripts one."""
    wide = len(_WIDE_ONE.findall(text))
    return wide + -(-(len(text) - wide) // 4)


def words(text: str) -> float:
    """Count words; a wide character is half a word, an endless one many."""
    return sum(map(_word_count, _PIECE.findall(text)))


def shorten(text: str, limit: int) -> str:
    """Cut a text to `limit` words, after a whole sentence if that keeps at least half of them."""
    if words(text) <= limit:
        return text
    start = _first(text, limit)
    ends = [match.end() for match in _SENTENCE_END.finditer(f"{start} ")]
    if ends and words(start[: ends[-1]]) * 2 >= limit:
        return start[: ends[-1]]
    return f"{start.rstrip(' ,;:、，；：')}…"


def _first(text: str, limit: int) -> str:
    """Return as many whole words from the start as fit."""
    room, end = float(limit), 0
    for piece in _PIECE.finditer(text):
        room -= _word_count(piece[0])
        if room < 0:
            break
        end = piece.end()
    return text[:end]


def _word_count(piece: str) -> float:
    if piece.isspace():
        return 0
    return 0.5 if _WIDE_ONE.match(piece) else 1
