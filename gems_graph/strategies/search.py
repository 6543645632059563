"""Search: the request drawn with N seeds side by side, the best by the Verifier returned.

The paper's Search draws five pictures and has the MLLM verify them (Table 1); its way of scoring
is not given. Inferred, each a choice of `search_scoring`: grades of 0 to 10 a picture, all pictures
graded in one call, or passes of the Decomposer's criteria. N is `max_iterations`, and of equals the
earliest wins. The caller's own checklist is always judged as one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from langgraph.graph import END, START
from langgraph.types import Send

from gems_graph.memory import best
from gems_graph.nodes.decomposer import decomposer, request_itself
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.node import in_effect
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import Attempt, Criterion, Round, State, Thought
from gems_graph.strategies.candidates import SIDE_BY_SIDE, candidate, each_to
from gems_graph.strategies.scoring import rank, score
from gems_graph.strategies.strategy import Builder, Strategy

NOTHING, TOGETHER = "nothing drawn", "grade all together"
WAYS: dict[Hashable, str] = {
    "judge each": "judge", "grade each": "score", TOGETHER: "rank", NOTHING: "select",
}  # fmt: skip


def _by_checklist(work: Workload) -> int:
    """Count a probe a criterion and picture, where pictures are judged so."""
    checklist = work.settings.search_scoring == "checklist" or work.criteria_given
    return work.rounds * work.criteria if checklist else 0


@module(
    part="criteria", role="decomposer", templates=("decomposer",), reads=("prompt",),
    owes=("extra",), doing="settling what counts",
    calls=lambda work: work.settings.search_scoring == "checklist" and not work.criteria_given,
)  # fmt: skip
async def questions(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Have criteria made where pictures are judged by them; else the request is the only one."""
    scoring = toolbox.settings.search_scoring
    if state.get("criteria") or scoring == "checklist":
        return {**await decomposer(state, toolbox), "extra": {"scoring": "checklist"}}
    criterion = Criterion(**request_itself(state["prompt"]), kind="detail")
    return {"criteria": [criterion], "extra": {"scoring": scoring}}


@module(doing="gathering")
async def gather(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Wait for all candidates."""
    return {}


@module(
    part="judge", candidate=True, role="verifier", templates=verifier.templates, doing="looking",
    sees=True, calls=_by_checklist,
)  # fmt: skip
async def judge(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Judge one candidate by every criterion."""
    return await verifier(state, toolbox)


def each_seed(state: State) -> list[Send]:
    """Lead to one candidate a seed."""
    nothing = Thought(text="", sha256=None)
    seeds = range(1, pictures(in_effect(state))[1] + 1)
    attempts = [
        Attempt(n=n, generation=1, prompt=state["prompt"], thought=nothing, origin="request")
        for n in seeds
    ]
    return each_to("candidate", attempts, state)


def each_drawn(state: State) -> list[Send] | str:
    """Lead to one judge a picture, or to one for all; where nothing was drawn, to the end."""
    scoring = state["extra"]["scoring"]
    if not state.get("drawn") or scoring == "listwise":
        return TOGETHER if state.get("drawn") else NOTHING
    return each_to("judge" if scoring == "checklist" else "score", state["drawn"], state)


def earliest_best(state: State) -> Round:
    """Return the round with the highest grade, or with most passes; of equals the earliest."""
    rounds = sorted(state["rounds"], key=lambda round_: round_["n"])
    dials, graded = state.get("settings", {}), state["extra"]["scoring"] != "checklist"
    select_by = "p_yes" if graded else dials.get("select_by", "passes")
    return best(rounds, dials.get("tie_break", "first"), select_by)


def pictures(settings: Settings) -> tuple[int, int]:
    """Return how many pictures are drawn: `max_iterations`, and no more than may be."""
    count = min(settings.max_iterations, settings.max_images or settings.max_iterations)
    return count, count


def wire(graph: Builder) -> None:
    """Wire it: nobody waits for anybody but at the two joins."""
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "questions")
    graph.add_conditional_edges("questions", each_seed, {SIDE_BY_SIDE: "candidate"})
    graph.add_edge("candidate", "gather")
    graph.add_conditional_edges("gather", each_drawn, WAYS)
    for judging in ("judge", "score", "rank"):
        graph.add_edge(judging, "select")
    graph.add_edge("select", END)


STRATEGY = Strategy(
    name="search",
    summary="draw N seeds side by side, return the best by the Verifier",
    modules=(questions, candidate, gather, judge, score, rank),
    wire=wire,
    choose=earliest_best,
    rounds=pictures,
)
