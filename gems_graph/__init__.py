"""GEMS on LangGraph: plan, draw, check and refine a picture until it is right."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gems_graph.agents.judge import as_grader, as_judge, averify, verify
    from gems_graph.agents.tool import as_tool
    from gems_graph.generators import GeneratorSpec
    from gems_graph.graph import build_graph
    from gems_graph.images import Store
    from gems_graph.runs.api import arun, astream, run, stream
    from gems_graph.runs.trajectory import Trajectory
    from gems_graph.settings import Settings
    from gems_graph.strategies import Strategy

__version__ = "0.2.0.dev0"
__all__ = [
    "GeneratorSpec", "Settings", "Store", "Strategy", "Trajectory", "__version__", "arun",
    "as_grader", "as_judge", "as_tool", "astream", "averify", "build_graph", "run", "stream",
    "verify",
]  # fmt: skip

_HOMES = {
    "GeneratorSpec": "generators",
    "Settings": "settings",
    "Store": "images",
    "Strategy": "strategies",
    "Trajectory": "runs.trajectory",
    "arun": "runs.api",
    "as_grader": "agents.judge",
    "as_judge": "agents.judge",
    "as_tool": "agents.tool",
    "astream": "runs.api",
    "averify": "agents.judge",
    "build_graph": "graph",
    "run": "runs.api",
    "stream": "runs.api",
    "verify": "agents.judge",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: `import gems_graph` itself stays instant."""
    if name not in _HOMES:
        msg = f"module 'gems_graph' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"gems_graph.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the names that can be imported, for completion."""
    return sorted({*globals(), *__all__})
