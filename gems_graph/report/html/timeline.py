"""What took how long, node by node: when each began and how long it worked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gems_graph.state import Timing


class Bar(NamedTuple):
    """A node at work; `start` and `width` are per cent of the whole, `seconds` its wall time."""

    node: str
    round: int
    start: float
    width: float
    seconds: float


def bars(timings: Sequence[Timing]) -> list[Bar]:
    """Return a bar for each node; those of one superstep begin together.

    A superstep lasts as long as its longest node. Timings of release 0.1.0 name no step, and stand
    one after the other.
    """
    begin, end, step = 0.0, 0.0, None
    placed: list[tuple[Timing, float]] = []
    for timing in timings:
        if timing.get("step") is None or timing.get("step") != step:
            begin, step = end, timing.get("step")
        placed.append((timing, begin))
        end = max(end, begin + timing["seconds"])
    share = 100 / end if end else 0.0
    return [
        Bar(t["node"], t["round"], at * share, t["seconds"] * share, t["seconds"])
        for t, at in placed
    ]
