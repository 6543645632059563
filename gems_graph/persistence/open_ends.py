"""Trajectories that did not end well, and may be taken up again."""

from __future__ import annotations

from typing import NamedTuple

from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.history import standing_of
from gems_graph.persistence.last import UNREADABLE, Last, read_last
from gems_graph.persistence.threads import Threads
from gems_graph.report.standing import goes_on


class OpenEnds(NamedTuple):
    """Threads, the one worked on last first.

    Attributes:
        open: interrupted, failed, or ended by a budget; also if only a candidate was.
        waiting: at a pause, for a person.
        busy: somebody works on them now.
    """

    open: list[str]
    waiting: list[str]
    busy: list[str]


async def open_ends(threads: Threads) -> OpenEnds:
    """Look through all kept trajectories; one that cannot be read is left alone."""
    ends, busy = OpenEnds([], [], []), await threads.claims.busy()
    for thread in await thread_names(threads.saver):
        last = await _last(threads, thread)
        if last is None or not last.values.get("trajectory") or last.begins:
            continue
        status = standing_of(last)
        if status == "waiting":
            ends.waiting.append(thread)
        elif goes_on(status, last.values):
            (ends.busy if thread in busy else ends.open).append(thread)
    return ends


async def _last(threads: Threads, thread: str) -> Last | None:
    try:
        return await read_last(threads.saver, thread)
    except UNREADABLE:
        return None
