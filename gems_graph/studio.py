"""The graphs of langgraph.json, for LangGraph's servers and Studio; the server brings the saver."""

from __future__ import annotations

from gems_graph.agents.chat import build_chat
from gems_graph.graph import build_graph
from gems_graph.service.graphs import OpenGraph, served


def _graph_of(strategy: str) -> OpenGraph:
    return served(build_graph(strategy=strategy), strategy)


gems_chat = served(build_chat(), "gems")
gems = _graph_of("gems")
original = _graph_of("original")
rewrite = _graph_of("rewrite")
search = _graph_of("search")
maestro = _graph_of("maestro")
craft = _graph_of("craft")
