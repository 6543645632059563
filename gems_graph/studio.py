"""The graph for LangGraph Studio and `langgraph dev`; the server brings the checkpointer."""

from __future__ import annotations

from gems_graph.graph import build_graph

graph = build_graph()
