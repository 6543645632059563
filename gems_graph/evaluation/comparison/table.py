"""Shares right with intervals, what it took, and paired differences, over prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gems_graph.batch.summary import sum_costs
from gems_graph.evaluation.comparison.rows import Row

RESAMPLES = 2000
_TOOK = ("images", "calls", "tokens", "seconds")


def table(rows: Sequence[Row], strategies: Sequence[str]) -> dict[str, Any]:
    """Return a line a strategy, and what the first one has over each other, as plain JSON.

    Shares are means over prompts of means over seeds, with 95 per cent percentile bootstrap
    intervals over prompts; differences are paired by prompt. What nobody judged is left out.
    """
    own = {name: [row for row in rows if row["strategy"] == name] for name in strategies}
    first, *others = own
    return {
        "strategies": {name: _line(own[name]) for name in own},
        "differences": {other: _difference(own[first], own[other]) for other in others},
    }  # fmt: skip


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 per cent percentile bootstrap interval of a mean; None: too few values."""
    if len(values) < 2:
        return None
    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(np.asarray(values, dtype=float)[drawn].mean(axis=1), [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def _line(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what one strategy came to: means a run."""
    shares = [*_by_prompt(rows).values()]
    judged = [row for row in rows if row["total"]]
    cost = sum_costs(row["cost"] for row in rows)
    return {
        "runs": len(rows),
        "failed": sum(row["folder"] is None for row in rows),
        "not_judged": sum(row["right"] is None for row in rows),
        "right": _mean(shares),
        "right_95": interval(shares),
        "criteria": _mean([row["passed"] / row["total"] for row in judged]),
        **{name: _mean([row[name] for row in rows]) for name in _TOOK},  # type: ignore[literal-required]
        "cost": None if cost is None or not rows else round(cost / len(rows), 6),
    }


def _difference(one: Sequence[Row], other: Sequence[Row]) -> dict[str, Any]:
    """Return how much oftener one strategy is right than another, over prompts that both have."""
    first, second = _by_prompt(one), _by_prompt(other)
    apart = [first[prompt] - second[prompt] for prompt in first if prompt in second]
    return {"prompts": len(apart), "mean": _mean(apart), "mean_95": interval(apart)}


def _by_prompt(rows: Sequence[Row]) -> dict[str, float]:
    """Return the share right of each prompt over its seeds."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        if row["right"] is not None:
            found.setdefault(row["prompt"], []).append(row["right"])
    return {prompt: sum(each) / len(each) for prompt, each in found.items()}


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
