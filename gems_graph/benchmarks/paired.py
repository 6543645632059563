"""What one way has over each other, paired by prompt: the same prompts and seeds for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gems_graph.benchmarks.rows import Row
from gems_graph.benchmarks.scoring import RESAMPLES


def differences(rows: Sequence[Row]) -> Iterator[tuple[Row, Row, list[float]]]:
    """Return the first of some rows, each other, and by prompt what the first one has over it.

    Rows are those of one benchmark and route; GEMS is the first, where it is among them. Prompts
    that either lacks a score of are left out.
    """
    first = next((row for row in rows if row.label == "gems"), rows[0])
    mine = first.report["each"] if first.report else {}
    for row in rows:
        theirs = row.report["each"] if row.report else {}
        both = [i for i in mine if mine[i] is not None and theirs.get(i) is not None]
        if row is not first and both:
            yield first, row, [mine[i] - theirs[i] for i in both]


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return a mean and its 95 per cent percentile bootstrap interval."""
    found = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(0).integers(0, len(found), (RESAMPLES, len(found)))
    low, high = np.percentile(found[drawn].mean(axis=1), [2.5, 97.5])
    return float(found.mean()), float(low), float(high)
