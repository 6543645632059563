"""Maestro (arXiv 2509.10704): two writers, two pictures a round, the best tracked by comparison.

Its code is not public. From descriptions of it: the roles, order-swapped comparisons by majority,
a budget in rounds of two pictures, the tracked best returned. Inferred, each a dial where it is a
number or a choice: that round 1 draws the request and its rewriting; what the two passes over the
questions are (a draft, then a look over it); one call for all failed questions; that ties keep the
incumbent, and of two new pictures the first; that a prompt of which nothing failed is drawn again
with another seed; that passing every question does not end it. Answers about a picture that stays
the best are not paid again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from langgraph.graph import END, START
from langgraph.types import Send

from gems_graph.memory import all_pass
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.node import in_effect
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings, settle
from gems_graph.state import Attempt, Round, State, Thought
from gems_graph.strategies.candidates import SIDE_BY_SIDE, candidate, each_to
from gems_graph.strategies.maestro_votes import compare
from gems_graph.strategies.maestro_words import check, editor, improver, questions, rewriter
from gems_graph.strategies.strategy import Builder, Strategy

EXIT, GO_ON = "rounds spent / stagnation / stop", "another round"
EDIT, IMPROVE = "edit", "improve"
AFTER_VQA: dict[Hashable, str] = {EXIT: "select", EDIT: "editor", IMPROVE: "improver"}
AFTER_COMPARE: dict[Hashable, str] = {EXIT: "select", GO_ON: "vqa"}


def _answers(work: Workload) -> int:
    """Count the answers about each best picture but the last."""
    return (work.rounds // 2 - 1) * work.criteria


@module(
    part="judge", role="verifier", templates=verifier.templates, reads=("attempt",),
    doing="looking", sees=True, calls=_answers,
)  # fmt: skip
async def vqa(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Answer the questions about the best picture, unless they were answered before."""
    known = any(round_["n"] == state["attempt"]["n"] for round_ in state.get("rounds", []))
    return {} if known else await verifier(state, toolbox)


def request_itself(state: State) -> list[Send]:
    """Lead to the picture of the request as it is."""
    nothing = Thought(text="", sha256=None)
    plain = Attempt(n=1, generation=1, prompt=state["prompt"], thought=nothing, origin="request")
    return each_to("candidate", [plain], state)


def proposals(state: State) -> list[Send]:
    """Lead to a picture of each prompt that was proposed last, as far as pictures may be drawn."""
    most = pictures(settle(state["settings"]))[1]  # as many as when it began
    return each_to("candidate", [p for p in state["extra"]["proposals"] if p["n"] <= most], state)


def after_compare(state: State) -> str:
    """Return the way on after a comparison: the exits, or another round."""
    extra, settings = state.get("extra", {}), in_effect(state)
    spent = 2 * extra.get("generation", 0) >= pictures(settle(state["settings"]))[1]
    lost = [each.get("reason") for each in state.get("failed", [])]
    if state.get("stop") or spent or "budget" in lost or not extra.get("drew"):
        return EXIT
    return EXIT if 0 < settings.maestro_stagnation <= extra["unbeaten"] else GO_ON


def after_vqa(state: State) -> str | list[str]:
    """Return the way on after the answers: both writers, or the end where nothing is left."""
    judged = None if state.get("stop") else _judged(state)
    if judged is None or (in_effect(state).maestro_stop_at_pass and all_pass(judged)):
        return EXIT
    return [EDIT, IMPROVE]


def tracked_best(state: State) -> Round | Attempt:
    """Return the picture that no comparison has beaten, with its verdicts if it was judged."""
    attempt = state["attempt"]
    return _judged(state) or (attempt if attempt.get("image") else state["rounds"][-1])


def _judged(state: State) -> Round | None:
    same = [round_ for round_ in state["rounds"] if round_["n"] == state["attempt"]["n"]]
    return same[0] if same else None


def pictures(settings: Settings) -> tuple[int, int]:
    """Return how many pictures are drawn: two a round, and no more than may be."""
    most = min(2 * settings.maestro_rounds, settings.max_images or 2 * settings.maestro_rounds)
    early = settings.maestro_stop_at_pass or settings.maestro_stagnation
    return (min(2, most) if early else most), most


def wire(graph: Builder) -> None:
    """Wire it: rewriter and questions side by side, and so editor and improver each round."""
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "questions")
    graph.add_edge("begin", "rewriter")
    graph.add_conditional_edges("questions", request_itself, {SIDE_BY_SIDE: "candidate"})
    graph.add_conditional_edges("rewriter", proposals, {SIDE_BY_SIDE: "candidate"})
    graph.add_edge("candidate", "compare")
    graph.add_conditional_edges("compare", after_compare, AFTER_COMPARE)
    graph.add_conditional_edges("vqa", after_vqa, AFTER_VQA)
    graph.add_edge("editor", "check")
    graph.add_edge("improver", "check")
    graph.add_conditional_edges("check", proposals, {SIDE_BY_SIDE: "candidate"})
    graph.add_edge("select", END)


STRATEGY = Strategy(
    name="maestro",
    summary="two writers and two pictures a round, the best tracked by comparisons",
    modules=(questions, rewriter, candidate, compare, vqa, editor, improver, check),
    wire=wire,
    choose=tracked_best,
    rounds=pictures,
)
