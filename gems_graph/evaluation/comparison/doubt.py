"""What a kill left in doubt is not the method's: its budget goes on as if it had not been begun."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gems_graph import paths
from gems_graph.batch.plan import Task
from gems_graph.calls.amounts import Amount
from gems_graph.calls.journal import Journal
from gems_graph.persistence.last import read_last
from gems_graph.persistence.threads import Threads, open_threads


async def with_doubt_added(tasks: Sequence[Task]) -> list[Task]:
    """Return tasks with the caps of those that were killed raised by what was then under way.

    Else a run that was killed would end with fewer pictures than one that was not. What it really
    spent, at most, is the budget and what the kills cut off.

    Args:
        tasks: on which nobody works now.

    Raises:
        StoreError: the database or the journal cannot be read.
    """
    async with open_threads() as threads:
        return [await _with_doubt_added(task, threads) for task in tasks]


async def _with_doubt_added(task: Task, threads: Threads) -> Task:
    values = (await read_last(threads.saver, task.thread)).values
    if not (trajectory := values.get("trajectory")) or task.settings.budget:
        return task
    doubt = await asyncio.wrap_future(Journal(paths.journal()).in_doubt(trajectory))
    raised = _raised(task, doubt)
    return replace(task, settings=task.settings.model_copy(update=raised)) if raised else task


def _raised(task: Task, doubt: Amount) -> dict[str, Any]:
    """Return the caps of a task that doubt raises."""
    settings = task.settings
    caps = {
        "max_images": (settings.max_images, doubt.images),
        "max_calls": (settings.max_calls, doubt.calls),
        "max_tokens_total": (settings.max_tokens_total, doubt.tokens),
        "max_cost": (settings.max_cost, doubt.cost),
    }
    return {name: cap + more for name, (cap, more) in caps.items() if cap is not None and more}
