"""Graphs as LangGraph's server wants them: pictures with addresses, a form, contexts checked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StateSnapshot
from langgraph_sdk.runtime import ServerRuntime

from gems_graph.agents.links import host_of, linked
from gems_graph.graph import Graph
from gems_graph.review.decisions import with_actions
from gems_graph.service.form import form_of

_ITS_OWN = ("thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map", "run_id", "graph_id")
_PREFIXES = ("__", "langgraph_", "langsmith-", "x-")
"""What the server and its clients put beside settings, where they come as `configurable`."""


class ServedGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A compiled graph, whose pictures have addresses where they leave it; checkpoints have none.

    A question is asked in the shape of LangChain's human in the loop, too.
    """

    async def astream(self, input: Any, config: Any = None, **options: Any) -> AsyncIterator[Any]:  # noqa: A002
        """Run, as LangGraph does, with addresses in what is streamed."""
        host = host_of(config)
        async for each in super().astream(input, config, **options):
            yield linked(each, host, with_actions)

    async def aget_state(self, config: RunnableConfig, **options: Any) -> StateSnapshot:
        """Return a state, with addresses."""
        snapshot = await super().aget_state(config, **options)
        told: StateSnapshot = linked(snapshot, host_of(config), with_actions)
        return told

    async def aget_state_history(
        self, config: RunnableConfig, **options: Any
    ) -> AsyncIterator[StateSnapshot]:
        """Return the states of a thread, with addresses."""
        async for snapshot in super().aget_state_history(config, **options):
            yield linked(snapshot, host_of(config), with_actions)


OpenGraph = Callable[[ServerRuntime[Any]], ServedGraph]


def served(graph: Graph, strategy: str) -> OpenGraph:
    """Return what the server opens a graph by: itself, once the run's context is looked at.

    The server drops from a context what it does not know, and tells nobody; here it is refused.

    Args:
        graph: without a checkpointer.
        strategy: that it runs.
    """
    parts = {name: part for name, part in vars(graph).items() if name != "__orig_class__"}
    form = form_of(strategy)
    ready = ServedGraph(**{**parts, "context_schema": form})

    def open_graph(runtime: ServerRuntime[Any]) -> ServedGraph:
        if execution := runtime.execution_runtime:
            form.model_validate(_settings(execution.context or {}))
        return ready

    return open_graph


def _settings(context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in context.items()
        if name not in _ITS_OWN and not name.startswith(_PREFIXES)
    }
