"""One batch on several machines: each draws its own part first, then what the others leave."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from gems_graph.errors import UsageError

T = TypeVar("T")
PAUSE = 1.0
"""Seconds before a trajectory that another machine works on is looked at again."""


class Shard(NamedTuple):
    """One of several parts of a batch.

    Attributes:
        name: of the batch: what machines with the same one draw, they draw together.
        part: from 0.
        of: how many parts there are.
    """

    name: str
    part: int
    of: int

    def ordered(self, tasks: Sequence[T]) -> list[T]:
        """Return the own part, then those of others from their ends, where they come last."""
        own = [task for n, task in enumerate(tasks) if n % self.of == self.part]
        rest = [task for n, task in enumerate(tasks) if n % self.of != self.part]
        return own + rest[::-1]


def shard_in(text: str | None, name: str) -> Shard | None:
    """Read `I/N`, from 1/N to N/N; None: the whole.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text.strip())
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        msg = f"--shard is a part of so many, as 1/4 or 4/4, not {text!r}."
        raise UsageError(msg)
    return Shard(name, int(match[1]) - 1, int(match[2]))
