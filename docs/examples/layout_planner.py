"""A node of somebody else's: a layout planner between the Planner and the Generator.

It says where each thing goes before anything is drawn. The node and its facts are here, its
template is `prompts/layout.md`, and the wiring is that of GEMS with one node more.

    build_graph(strategy=STRATEGY)
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gems_graph.models.answers import Form, plain
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import State
from gems_graph.strategies import Strategy, gems
from gems_graph.strategies.strategy import Builder


class Layout(Form):
    """Where things go, one phrase each."""

    places: list[str]


@module(
    part="plan", role="layouter", templates=("layout",), reads=("attempt",), owes=("attempt",),
    doing="laying out", calls=lambda work: 1,
)  # fmt: skip
async def layout(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Add the places to the first prompt; one that a person wrote is drawn as written."""
    attempt = state["attempt"]
    if attempt.get("origin") == "user":
        return {"attempt": attempt}
    answer = await toolbox.ask(
        "layouter", "layout", Layout, user_prompt=state["prompt"], prompt=attempt["prompt"]
    )
    placed = "; ".join([attempt["prompt"], *map(plain, answer.value.places)])
    return {"attempt": {**attempt, "prompt": placed, "origin": "layout"}}


def wire(graph: Builder) -> None:
    """Lead from the opening through the layout to the generator."""
    gems.wire(graph, first="layout")
    graph.add_edge("layout", "generator")


STRATEGY: Strategy = replace(
    gems.STRATEGY,
    name="gems-with-layout",
    modules=(*gems.STRATEGY.modules, layout),
    wire=wire,
    prompts=Path(__file__).parent / "prompts",
)
