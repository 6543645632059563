"""GEMS (arXiv 2603.28088, Fig. 2): wiring and exits on one screen."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from langgraph.graph import END, START

from gems_graph.memory import all_pass, next_prompt_written
from gems_graph.nodes import PAPER
from gems_graph.review import review_criteria, review_verdict
from gems_graph.runtime.node import in_effect
from gems_graph.settings import Settings
from gems_graph.state import State
from gems_graph.strategies.strategy import Builder, Strategy

EXIT, ASK = "all pass / N_max / stop", "ask a person"
DRAW, REFINE, COMPRESS = "draw", "refine", "compress"
WAYS: dict[Hashable, str] = {EXIT: "select", REFINE: "refiner", COMPRESS: "compressor"}


def after_opening(state: State) -> str:
    """Return the way on once prompt and criteria are there: ask a person, if set, or draw."""
    return ASK if in_effect(state).pause in ("criteria", "both") else DRAW


def after_verifier(state: State) -> str | list[str]:
    """Return the way on from the Verifier: ask a person, if set, or as after a verdict."""
    if not state.get("stop") and in_effect(state).pause in ("verdicts", "both"):
        return ASK
    return after_verdict(state)


def after_verdict(state: State) -> str | list[str]:
    """Return the way on after a verdict: one of the three exits (Eq. 5), or another round."""
    if state.get("stop"):  # an error or a budget: the best so far; or a person took the picture
        return EXIT
    settings, rounds = in_effect(state), state["rounds"]
    if next_prompt_written(state):  # a person has written the next prompt
        return COMPRESS if settings.memory == "experience" else DRAW
    if settings.gems_stop_at_pass and all_pass(rounds[-1]):  # done
        return EXIT
    if len(rounds) >= settings.max_iterations:  # spent: argmax
        return EXIT
    if settings.memory != "experience":  # nothing to compress
        return REFINE
    return COMPRESS if settings.order == "reference" else [REFINE, COMPRESS]


def after_compressor(state: State) -> str:
    """Return the way on: refine in the authors' order; draw in the paper's, refined meanwhile."""
    later = in_effect(state).order == "reference" and not next_prompt_written(state)
    return REFINE if later else DRAW


def wire(
    graph: Builder,
    first: str = "generator",
    judged: str = "verifier",
    ends: tuple[str, str] = (START, END),
) -> None:
    """Wire the loop.

    Args:
        graph: holds the modules as nodes.
        first: where the opening leads, once prompt and criteria are there; a node that stands
            between them and the generator has its own edge to that.
        judged: the last node before a person may be asked about a verdict; one that is not the
            Verifier has its own edge from that.
        ends: what stands before `begin` and behind `select`.
    """
    pauses: tuple[Any, ...] = (review_criteria, review_verdict)
    for pause in pauses:
        graph.add_node(pause)
    graph.add_edge(ends[0], "begin")
    for opening in ("planner", "decomposer"):  # side by side; both end in one superstep
        graph.add_edge("begin", opening)
        graph.add_conditional_edges(opening, after_opening, {ASK: "review_criteria", DRAW: first})
    graph.add_edge("review_criteria", first)
    graph.add_edge("generator", "verifier")
    graph.add_conditional_edges(judged, after_verifier, {**WAYS, ASK: "review_verdict"})
    graph.add_conditional_edges("review_verdict", after_verdict, {**WAYS, DRAW: "generator"})
    graph.add_edge("refiner", "generator")
    graph.add_conditional_edges(
        "compressor", after_compressor, {REFINE: "refiner", DRAW: "generator"}
    )
    graph.add_edge("select", ends[1])


def rounds_of(settings: Settings) -> tuple[int, int]:
    """Return how many pictures it draws, at least and at most."""
    return 1 if settings.gems_stop_at_pass else settings.max_iterations, settings.max_iterations


STRATEGY = Strategy(
    name="gems",
    summary="plan with skills, draw, check, refine with a compressed memory (He et al. 2026)",
    modules=PAPER,
    wire=wire,
    pauses={"criteria": "review_criteria", "verdicts": "review_verdict"},
    rounds=rounds_of,
    honours=("variations", "edit"),
)
