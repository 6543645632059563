"""A benchmark's figures from answers, with an interval; says what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from typing_extensions import TypedDict

from gems_graph.benchmarks.answers import Answers
from gems_graph.benchmarks.task import Figures, Prompt, Statistics, Task

Route = Literal["answers", "official", "endpoint", "proxy", "pixels"]
"""Where answers come from; columns of different routes are never mixed."""
RESAMPLES = 1000


class Report(TypedDict):
    """What `gems eval score` tells.

    Attributes:
        score: the figure of the paper's tables, in their unit; None: it cannot be had.
        interval: 95 per cent, by percentile bootstrap over prompts; None: too few, or no score.
        missing: prompts without an answer for each sample, by id.
        complete: whether every prompt has every sample that the protocol asks for.
        ids: how the file named prompts.
        each: the score of each prompt by itself, where it has one.
    """

    task: str
    title: str
    route: Route
    metric: str
    score: float | None
    interval: tuple[float, float] | None
    figures: Figures
    prompts: int
    of: int
    samples: int
    official_samples: int
    failed: list[dict[str, Any]]
    missing: list[str]
    complete: bool
    ids: str
    each: dict[str, float | None]


def score(
    task: Task, prompts: Sequence[Prompt], answers: Answers, route: Route = "answers"
) -> Report:
    """Score answers.

    Args:
        task: the benchmark.
        prompts: those that should have answers.
        answers: of judges.
        route: where they come from.

    Raises:
        UsageError: answers are not of the task's form.
    """
    given = {p.id: answers.by_prompt.get(p.id, {}) for p in prompts}
    samples = max((max(each) + 1 for each in given.values() if each), default=0)
    rows = {
        p.id: task.statistics(p, [given[p.id][k] for k in sorted(given[p.id])])
        for p in prompts
        if given[p.id]
    }
    missing = [id_ for id_, each in given.items() if len(each) < max(samples, 1)]
    figures = task.combine(means(list(rows.values())))
    return Report(
        task=task.name, title=task.title, route=route, metric=task.metric,
        score=figures.get(task.metric), interval=interval(task, list(rows.values())),
        figures=figures, prompts=len(rows), of=len(prompts), samples=samples,
        official_samples=task.samples,
        failed=[{"id": i, "sample": k, "error": why} for i, k, why in answers.failed],
        missing=missing, complete=not missing and not answers.failed, ids=answers.ids,
        each={id_: task.combine(means([row])).get(task.metric) for id_, row in rows.items()},
    )  # fmt: skip


def of_figures(task: Task, figures: Figures, of: int) -> Report:
    """Return the report on figures of the official scorer, which says nothing of single prompts."""
    return Report(
        task=task.name, title=task.title, route="official", metric=task.metric,
        score=figures.get(task.metric), interval=None, figures=figures, prompts=of, of=of,
        samples=task.samples, official_samples=task.samples, failed=[], missing=[],
        complete=figures.get(task.metric) is not None, ids="figures", each={},
    )  # fmt: skip


def means(rows: Sequence[Statistics]) -> dict[str, float]:
    """Return sums of numerators by sums of denominators, in the order in which they first come."""
    sums: dict[str, list[float]] = {}
    for row in rows:
        for name, (above, below) in row.items():
            total = sums.setdefault(name, [0.0, 0.0])
            total[0] += above
            total[1] += below
    return {name: above / below for name, (above, below) in sums.items() if below}


def interval(
    task: Task, rows: Sequence[Statistics], resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """Return the 95 per cent percentile bootstrap interval of the score, over prompts.

    A resample that lacks a whole category has no score, and is left out.
    """
    if len(rows) < 2 or task.combine(means(rows)).get(task.metric) is None:
        return None
    drawn = [task.combine(each).get(task.metric) for each in _resampled(rows, resamples)]
    scores = [each for each in drawn if each is not None]
    if not scores:
        return None
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def _resampled(rows: Sequence[Statistics], resamples: int) -> list[Mapping[str, float]]:
    """Return the means of resamples of the rows; the same ones for as many rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = np.array([[row.get(name, (0.0, 0.0)) for name in names] for row in rows])
    rng = np.random.default_rng(0)
    found: list[Mapping[str, float]] = []
    for _ in range(resamples):
        counts = np.bincount(rng.integers(0, len(rows), len(rows)), minlength=len(rows))
        sums = np.tensordot(counts, table, axes=1)
        found.append({n: float(a / b) for n, (a, b) in zip(names, sums, strict=True) if b})
    return found
