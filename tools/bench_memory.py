"""The ablation of Fig. 4 on the small world: original, loop, memory I to IV, skills.

Each row is a preset; all draw round i with the same seed, so that only what the Refiner knows
differs. Intervals are over requests; a step is a row minus the one above it, paired.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from gems_graph.graph import Graph
from tools.arena import Arena, Job, Row, images, shares
from tools.mini.evaluate import interval

ARMS: dict[str, dict[str, Any]] = {
    "original": {"preset": "loop-only", "max_iterations": 1},
    "loop": {"preset": "loop-only"},
    "I   prompt, feedback": {"preset": "memory-feedback"},
    "II  + images": {"preset": "memory-images"},
    "III + raw thought": {"preset": "memory-thought"},
    "IV  experience instead": {"preset": "memory-experience"},
    "skills": {"preset": "paper"},
}


@functools.cache
def _graphs(arena: Arena) -> dict[str, Graph]:
    return {arm: arena.graph(**dials) for arm, dials in ARMS.items()}


async def measure(arena: Arena, job: Job) -> Row:
    """Draw one request with every arm."""
    return {
        arm: arena.judged(job.request, await arena.draw(graph, job.request, job.seed))
        for arm, graph in _graphs(arena).items()
    }


def table(rows: Sequence[Row], seeds: int) -> dict[str, Any]:
    """Return, for each arm, the share right, the step from the arm above, and the mean images."""
    right = {arm: shares(rows, arm, seeds) for arm in ARMS}
    report: dict[str, Any] = {}
    above = None
    for arm in ARMS:
        report[arm] = {
            "right": interval(right[arm]),
            "step": interval(right[arm] - right[above]) if above else None,
            "images": images(rows, arm),
        }
        above = arm
    return report


def show(report: dict[str, Any], count: int, seeds: int) -> None:
    """Print the table."""
    print(f"\nAblation (Fig. 4), {count} requests, {seeds} seeds: share right, 95 % intervals")
    print(f"{'':<24}{'right':>22}{'step':>26}{'images':>9}")
    for arm, row in report.items():
        mean, low, high = row["right"]
        said = ""
        if row["step"]:
            said = "{:+.3f} [{:+.3f}, {:+.3f}]".format(*row["step"])
        print(
            f"{arm:<24}{f'{mean:.3f} [{low:.3f}, {high:.3f}]':>22}{said:>26}{row['images']:>9.2f}"
        )
