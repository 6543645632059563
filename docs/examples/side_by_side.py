"""A second strategy: seeds drawn and judged side by side, the earliest of the best returned.

What a package of somebody else would write; nothing of ours knows its nodes.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START
from langgraph.types import Send

from gems_graph.memory import best
from gems_graph.nodes.decomposer import decomposer
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.module import module
from gems_graph.runtime.node import in_effect
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State, Thought
from gems_graph.strategies import Strategy
from gems_graph.strategies.strategy import Builder


@module(part="draw", candidate=True, doing="drawing", images=lambda work: work.rounds)
async def candidate(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Draw one seed."""
    attempt = state["attempt"]
    seed = (toolbox.settings.seed or 0) + attempt["n"] - 1
    image = await toolbox.generate(attempt["prompt"], seed)
    return {"drawn": [Attempt(**{**attempt, "seed": seed, "image": image})]}


@module(doing="gathering")
async def gather(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Wait for all candidates."""
    return {"extra": {"candidates": len(state["drawn"])}}


@module(part="judge", candidate=True, role="verifier", doing="looking", sees=True,
        calls=lambda work: work.rounds * work.criteria)  # fmt: skip
async def judge(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Judge one candidate."""
    return await verifier(state, toolbox)


def each_seed(state: State) -> list[Send]:
    """Lead to one candidate a seed."""
    nothing = Thought(text="", sha256=None)
    return [
        Send("candidate", {**state, "attempt": Attempt(
            n=n, generation=1, prompt=state["prompt"], thought=nothing, origin="seed")})
        for n in range(1, in_effect(state).max_iterations + 1)
    ]  # fmt: skip


def each_drawn(state: State) -> list[Send] | str:
    """Lead to a judge for each picture; where there is none, to the end."""
    return [Send("judge", {**state, "attempt": each}) for each in state["drawn"]] or "select"


def wire(graph: Builder) -> None:
    """Wire it: nobody waits for anybody but at the two joins."""
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "decomposer")
    graph.add_conditional_edges("decomposer", each_seed, ["candidate"])
    graph.add_edge("candidate", "gather")
    graph.add_conditional_edges("gather", each_drawn, ["judge", "select"])
    graph.add_edge("judge", "select")
    graph.add_edge("select", END)


STRATEGY = Strategy(
    name="side-by-side",
    summary="seeds side by side, best by the Verifier",
    modules=(decomposer, candidate, gather, judge),
    wire=wire,
    choose=lambda state: best(state["rounds"]),
    rounds=lambda settings: (settings.max_iterations, settings.max_iterations),
)
