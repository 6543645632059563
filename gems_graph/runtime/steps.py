"""Supersteps: a `recursion_limit`, also that of a graph around ours, never loses a paid picture.

LangGraph counts a subgraph's supersteps against the limit of its parent, and raises when they are
spent, with nothing to show. So a loop ends while there is time to choose among its pictures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from langgraph.graph import END, StateGraph
from langgraph.types import Overwrite, Send

from gems_graph.errors import ConfigError
from gems_graph.memory import has_image
from gems_graph.state import LISTS, MAPPINGS, State, Stop

Builder = StateGraph[Any, Any, Any, Any]
_NEVER = -1_000_000  # the length of a way that leads nowhere


def targets(graph: Builder, node: str) -> set[str]:
    """Return where a node may lead; everywhere, if one of its edges does not say where."""
    ways = [way.ends for way in graph.branches.get(node, {}).values()]
    if None in ways:
        return {*graph.nodes}
    joins = {end for starts, end in graph.waiting_edges if node in starts}
    return {
        *(end for start, end in graph.edges if start == node),
        *(end for ends in ways for end in (ends or {}).values()),
        *joins,
    }


class Steps:
    """The ways through a strategy, in supersteps.

    Args:
        graph: read when nodes run; by then it is wired.
        pauses: nodes that ask a person; whoever goes on after one counts anew.
        last: the node that chooses among the pictures.
    """

    def __init__(self, graph: Builder, pauses: Collection[str] = (), last: str = "select") -> None:
        self._graph, self._pauses, self._last = graph, pauses, last
        self._ways: dict[str, int] = {}

    def check(self, state: State, first: str) -> None:
        """Make sure, before anything is paid, that the limit allows for one picture.

        Args:
            state: that the first node is given.
            first: the node that runs now.

        Raises:
            ConfigError: it does not.
        """
        left, needed = state.get("remaining_steps"), self._way(first)
        if left is not None and left < needed:
            msg = (
                f"The recursion_limit allows for {left} supersteps, and one picture takes {needed}:"
                f" give the graph, or the one around it, a recursion_limit of {needed + 1} or more."
            )
            raise ConfigError(msg)

    async def stop_after(self, node: str, state: State, update: Mapping[str, Any]) -> Stop | None:
        """Return why the loop ends after a node; None: it does not, or ends by itself.

        It ends where a picture is there and the way that the strategy would take is too long, of a
        node that could lead to the end.

        Args:
            node: that has just run.
            state: that it was given.
            update: that it returned.
        """
        left = state.get("remaining_steps")
        if left is None or left > len(self._graph.nodes) + 1 or update.get("stop"):
            return None
        after = _joined(state, update)
        if self._last not in targets(self._graph, node) or not has_image(after):
            return None
        ahead = {target async for target in self._taken(node, after)}
        if self._last in ahead or max(map(self._way, ahead), default=0) < left:
            return None
        error = "The recursion_limit leaves too few supersteps for another round: raise it."
        return Stop(reason="budget", node=node, error=error)

    async def _taken(self, node: str, state: State) -> Any:
        """Iterate over the nodes that the strategy leads to from here."""
        for branch in self._graph.branches.get(node, {}).values():
            way = await branch.path.ainvoke(state)
            for each in way if isinstance(way, list | tuple) else [way]:
                yield each.node if isinstance(each, Send) else (branch.ends or {}).get(each, each)

    def _way(self, node: str) -> int:
        """Return the length of the longest way from a node to the end, both of them counted."""
        if node not in self._ways:
            unknown = any(None in _ends(self._graph, each) for each in self._graph.nodes)
            self._ways[node] = len(self._graph.nodes) if unknown else self._longest(node, ())
        return self._ways[node]

    def _longest(self, node: str, passed: tuple[str, ...]) -> int:
        if node == self._last or node in self._pauses:
            return 1
        ahead = targets(self._graph, node) - {END, node, *passed}
        return 1 + max((self._longest(each, (*passed, node)) for each in ahead), default=_NEVER)


def _ends(graph: Builder, node: str) -> Iterator[Any]:
    return (way.ends for way in graph.branches.get(node, {}).values())


def _joined(state: State, update: Mapping[str, Any]) -> State:
    """Return a state with an update, for the edges to look at."""
    after: dict[str, Any] = {**state}
    for name, value in update.items():
        if isinstance(value, Overwrite):
            after[name] = value.value
        elif name in LISTS:
            after[name] = [*after.get(name, []), *value]
        else:
            after[name] = {**after.get(name, {}), **value} if name in MAPPINGS else value
    return after  # type: ignore[return-value]
