"""What each further image buys: share right and images drawn when n images are allowed.

From the rounds of the arms of `tools/bench_loop.py`: of the first n the Verifier's choice (Eq. 5)
counts, and a loop that ended before drew no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.memory import best
from gems_graph.state import Round
from tools.arena import Arena, Row, images, shares
from tools.mini.evaluate import interval
from tools.mini.requests import Request

N_MAX = 5


def within(arena: Arena, request: Request, arm: str, rounds: Sequence[Round]) -> Row:
    """Judge what an arm would have chosen of its first image, its first two, ..."""
    return {
        _name(arm, n): (
            arena.right(request, best(rounds[:n])["image"]),
            min(n, len(rounds)),
        )
        for n in range(1, N_MAX + 1)
    }


def table(rows: Sequence[Row], seeds: int, arms: Sequence[str]) -> dict[str, Any]:
    """Return for each arm, by the images allowed: share right with its interval, mean images.

    `ended` is the share of runs that drew just so many.
    """
    report = {}
    for arm in arms:
        drawn = [row[_name(arm, N_MAX)][1] for row in rows]
        report[arm] = [
            {
                "allowed": n,
                "right": interval(shares(rows, _name(arm, n), seeds)),
                "images": images(rows, _name(arm, n)),
                "ended": drawn.count(n) / len(drawn),
            }
            for n in range(1, N_MAX + 1)
        ]
    return report


def _name(arm: str, allowed: int) -> str:
    return f"{arm} within {allowed}"
