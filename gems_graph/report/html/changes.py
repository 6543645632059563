"""What changed between two prompts, word by word, in bounded time.

The longest common subsequence by bit-parallel dynamic programming (Hyyrö 2004): a row of the table
is one integer, so that the worst input takes as long as any other of its length. `difflib` takes
time cubed: two repetitive prompts of 3 kB took it 22 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

Kind = Literal["kept", "left", "new"]
MOST_WORDS = 2_500
"""Words of either side, after what is common at both ends, that are compared one by one."""
_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


class Change(NamedTuple):
    """A stretch of text that was `kept`, `left` out, or is `new`."""

    kind: Kind
    text: str


def changes(old: str, new: str) -> list[Change]:
    """Return how one text became another, as stretches in reading order.

    The stretches that are not `new` are the old text, those that are not `left` the new one. Where
    more than `MOST_WORDS` differ, they are told as one that left and one that is new.
    """
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    middle = _compared(before[head : len(before) - tail], after[head : len(after) - tail])
    ends = before[:head], before[len(before) - tail :]
    first, last = (Change("kept", "".join(words)) for words in ends)
    return list(_joined([first, *middle, last]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Count how many words are the same from the beginning."""
    return next(
        (k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _compared(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    if not (old and new) or max(len(old), len(new)) > MOST_WORDS:
        return [Change("left", "".join(old)), Change("new", "".join(new))]
    return _traced(old, new, _table(old, new))


def _table(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Return a row for each new word: bit i is 0 where old word i lengthens what is common."""
    places: dict[str, int] = {}
    for i, word in enumerate(old):
        places[word] = places.get(word, 0) | 1 << i
    full = (1 << len(old)) - 1
    row, rows = full, []
    for word in new:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & full
        rows.append(row)
    return rows


def _traced(old: Sequence[str], new: Sequence[str], rows: Sequence[int]) -> list[Change]:
    """Walk the table back from its end."""
    found: list[Change] = []
    i, j = len(old), len(new)
    while i and j:
        if rows[j - 1] >> i - 1 & 1:
            i -= 1
            found.append(Change("left", old[i]))
        elif j > 1 and not rows[j - 2] >> i - 1 & 1:
            j -= 1
            found.append(Change("new", new[j]))
        else:
            i, j = i - 1, j - 1
            found.append(Change("kept", new[j]))
    found += [Change("left", word) for word in reversed(old[:i])]
    found += [Change("new", word) for word in reversed(new[:j])]
    return found[::-1]


def _joined(parts: Sequence[Change]) -> Iterator[Change]:
    """Join neighbours, and take stops alone between two changes into them: fewer, longer ones."""
    held: dict[Kind, str] = {"kept": "", "left": "", "new": ""}
    for kind, text in parts:
        changed = held["left"] or held["new"]
        if kind != "kept" and changed:  # what stood between two changes
            held["left"] += held["kept"]
            held["new"] += held["kept"]
            held["kept"] = ""
        elif kind != "kept" and held["kept"]:
            yield from _told(held, "kept")
        held[kind] += text
        if kind == "kept" and changed and any(map(str.isalnum, text)):
            yield from _told(held, "left", "new")
    yield from _told(held, "left", "new", "kept")


def _told(held: dict[Kind, str], *kinds: Kind) -> Iterator[Change]:
    """Yield what was held back."""
    for kind in kinds:
        if held[kind]:
            yield Change(kind, held[kind])
            held[kind] = ""
