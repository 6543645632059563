"""Trajectories that did not end well, and may be taken up again."""

from __future__ import annotations

from typing import NamedTuple

from langgraph.types import StateSnapshot

from gems_graph.graph import Graph
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.history import UNREADABLE, standing
from gems_graph.persistence.locks import is_claimed
from gems_graph.persistence.threads import Threads, config_of

_OPEN = {"interrupted", "error", "budget"}


class OpenEnds(NamedTuple):
    """Threads, the one worked on last first.

    Attributes:
        open: interrupted, or ended on an error or a budget.
        waiting: at a pause, for a person.
        busy: somebody works on them now.
    """

    open: list[str]
    waiting: list[str]
    busy: list[str]


async def open_ends(threads: Threads) -> OpenEnds:
    """Look through all kept trajectories; one that cannot be read is left alone."""
    found, graph = OpenEnds([], [], []), threads.graph()
    for thread in await thread_names(threads.saver):
        last = await _last(graph, thread)
        if last is None or not last.values.get("trajectory") or "begin" in last.next:
            continue
        if standing(last) == "waiting":
            found.waiting.append(thread)
        elif standing(last) in _OPEN:
            (found.busy if is_claimed(thread) else found.open).append(thread)
    return found


async def _last(graph: Graph, thread: str) -> StateSnapshot | None:
    try:
        return await graph.aget_state(config_of(thread))
    except UNREADABLE:
        return None
