"""GEMS as a part of somebody else's graph: every way of embedding it, offline."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send
from typing_extensions import TypedDict

from gems_graph import Settings, Store, arun, build_graph
from gems_graph.errors import ConfigError
from gems_graph.graph import Graph
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import Loop, criteria, verdicts

Make = Callable[..., Loop]
THREAD: Any = {"configurable": {"thread_id": "t"}}


class Host(TypedDict, total=False):
    prompt: str
    title: str
    result: dict[str, Any]
    rounds: list[dict[str, Any]]
    notes: Annotated[list[str], operator.add]


class Jobs(TypedDict, total=False):
    jobs: list[str]
    drawn: Annotated[list[dict[str, Any]], operator.add]
    result: Annotated[list[dict[str, Any]], lambda old, new: [*(old or []), new]]


@dataclass
class Tenant:
    tenant: str = "t"
    seed: int = 99


def around(gems: Graph, schema: Any = None, saver: Any = None) -> Any:
    """Return a graph of one node, which is ours."""
    host = StateGraph(Host, context_schema=schema)
    host.add_node("gems", gems)
    host.add_edge(START, "gems")
    return host.compile(checkpointer=saver)


def failing(**build: Any) -> dict[str, Any]:
    """Return what a loop takes that never passes."""
    return {"script": {"decompose": criteria(1), "verify": verdicts("n")}, **build}


# ------------------------------------------------------------------ shared keys, and mapped ones


def test_shared_keys_under_a_context_of_the_parents_own(loop: Make) -> None:
    made = loop(**failing(max_iterations=2))
    host = around(made.graph, Tenant, InMemorySaver())
    out = host.invoke({"prompt": "p", "title": "x", "notes": ["host"]}, THREAD, context=Tenant())
    assert (out["title"], out["notes"][0], out["result"]["round"]) == ("x", "host", 1)
    assert [seed for _, seed in made.painter.calls] == [1, 2]  # not that of the parent's context


def test_twice_in_one_parent(loop: Make) -> None:
    made = loop(**failing(max_iterations=1))
    host = StateGraph(Host)
    host.add_node("a", made.graph)
    host.add_node("b", made.graph)
    host.add_edge(START, "a")
    host.add_edge("a", "b")
    out = host.compile(checkpointer=InMemorySaver()).invoke({"prompt": "p"}, THREAD)
    assert (out["result"]["round"], len(made.painter.calls)) == (1, 2)


def test_what_happens_inside_is_heard_outside(loop: Make) -> None:
    host = around(loop(**failing(max_iterations=2)).graph)
    heard = [*host.stream({"prompt": "p"}, subgraphs=True, stream_mode=["updates", "custom"])]
    inner = [next(iter(data)) for space, mode, data in heard if mode == "updates" and space]
    assert inner.count("verifier") == 2
    assert {space[0].partition(":")[0] for space, _, _ in heard if space} == {"gems"}
    assert [d["round"] for _, mode, d in heard if d.get("type") == "verdict"] == [1, 2]


# ------------------------------------------------------------------ several at once


def painting(gems: Graph, saver: Any) -> Any:
    """Return a graph that calls ours once a job, side by side."""

    async def paint(state: Any) -> dict[str, Any]:
        context: Any = {"seed": state["seed"]}
        out = await gems.ainvoke({"prompt": state["prompt"]}, context=context)
        return {"drawn": [{"trajectory": out["trajectory"], "prompt": out["result"]["prompt"]}]}

    def each(state: Jobs) -> list[Send]:
        return [Send("paint", {"prompt": job, "seed": n}) for n, job in enumerate(state["jobs"])]

    host = StateGraph(Jobs)
    host.add_node("paint", paint)
    host.add_conditional_edges(START, each, ["paint"])
    return host.compile(checkpointer=saver)


JOBS: Any = {"jobs": ["one", "two", "three", "four"]}


@pytest.mark.anyio
@pytest.mark.parametrize("saved", [True, False])
async def test_four_side_by_side(loop: Make, saved: bool) -> None:
    made = loop(**failing(max_iterations=2))
    host = painting(made.graph, InMemorySaver() if saved else None)
    out = await host.ainvoke(JOBS, THREAD)
    assert [each["prompt"] for each in out["drawn"]] == JOBS["jobs"]
    assert len({each["trajectory"] for each in out["drawn"]}) == 4
    assert {seed for _, seed in made.painter.calls} == {0, 1, 2, 3, 4}


@pytest.mark.anyio
async def test_four_that_wait_are_answered_together(loop: Make) -> None:
    made = loop(**failing(max_iterations=1, pause="criteria"))
    host = painting(made.graph, InMemorySaver())
    out = await host.ainvoke(JOBS, THREAD)
    questions = out["__interrupt__"]
    assert {question.value["request"] for question in questions} == {*JOBS["jobs"]}
    assert made.painter.calls == []
    answers = {q.id: {"prompt": f"{q.value['request']} in oil"} for q in questions}
    out = await host.ainvoke(Command(resume=answers), THREAD)
    assert [each["prompt"] for each in out["drawn"]] == [f"{job} in oil" for job in JOBS["jobs"]]
    assert len(made.painter.calls) == 4  # nobody was asked, or drew, twice


def test_sent_straight_to_the_node_results_need_a_reducer(loop: Make) -> None:
    host = StateGraph(Jobs)
    host.add_node("gems", loop(**failing(max_iterations=1)).graph)
    host.add_conditional_edges(
        START, lambda state: [Send("gems", {"prompt": job}) for job in state["jobs"]], ["gems"]
    )
    out = host.compile(checkpointer=InMemorySaver()).invoke(JOBS, THREAD)
    assert [result["prompt"] for result in out["result"]] == JOBS["jobs"]


# ------------------------------------------------------------------ the parent's recursion_limit

LEAST = {"gems": 6, "craft": 6, "maestro": 7, "search": 7, "original": 5, "rewrite": 5}


def built(strategy: str, store: Store, **build: Any) -> tuple[Graph, Painter]:
    chat = ScriptedChat(script={"decompose": criteria(1), "verify": verdicts("n")})
    painter = Painter()
    graph = build_graph(strategy=strategy, mllm=chat, generator=painter, store=store, **build)
    return graph, painter


@pytest.mark.parametrize("strategy", LEAST)
def test_no_limit_loses_a_paid_picture(strategy: str, store: Store) -> None:
    for limit in range(2, 17):
        gems, painter = built(strategy, store, max_iterations=9, maestro_rounds=9)
        host, config = around(gems), {"recursion_limit": limit}
        if limit < LEAST[strategy]:
            with pytest.raises(ConfigError, match=f"recursion_limit of {LEAST[strategy]} or more"):
                host.invoke({"prompt": "p"}, config)
            assert painter.calls == []
        else:
            assert host.invoke({"prompt": "p"}, config)["result"]["image"]


@pytest.mark.parametrize(("preset", "rounds"), [("paper", 7), ("reference", 5)])
def test_a_common_limit_gives_the_best_so_far_and_says_why(
    loop: Make, preset: str, rounds: int
) -> None:
    made = loop(**failing(max_iterations=9, preset=preset))
    result = around(made.graph).invoke({"prompt": "p"}, {"recursion_limit": 25})["result"]
    assert (result["stop"]["reason"], result["stop"]["node"]) == ("budget", "verifier")
    assert "recursion_limit" in result["stop"]["error"]
    assert len(made.painter.calls) == rounds


def test_what_ends_by_itself_at_the_limit_is_not_said_to_be_cut_short(loop: Make) -> None:
    for script, reason in (("n", "max_iterations"), ("y", "passed")):
        made = loop({"decompose": criteria(1), "verify": verdicts(script)}, max_iterations=1)
        result = around(made.graph).invoke({"prompt": "p"}, {"recursion_limit": 6})["result"]
        assert result["stop"] == {"reason": reason}


def test_a_pause_at_the_limit_is_asked_and_goes_on_with_the_limit_anew(loop: Make) -> None:
    made = loop(**failing(max_iterations=3, pause="verdicts"))
    host, config = around(made.graph, saver=InMemorySaver()), {**THREAD, "recursion_limit": 6}
    out, asked = host.invoke({"prompt": "p"}, config), 0
    while out.get("__interrupt__"):
        out, asked = host.invoke(Command(resume=True), config), asked + 1
    assert (asked, len(made.painter.calls)) == (3, 3)
    assert out["result"]["stop"] == {"reason": "max_iterations"}


@pytest.mark.anyio
async def test_our_own_calls_have_steps_enough_and_an_explicit_limit_wins(store: Store) -> None:
    gems, painter = built("gems", store, max_iterations=9)

    async def paint(state: Any) -> dict[str, Any]:
        given = {"mllm": ScriptedChat(script=failing()["script"]), "generator": Painter()}
        ours = await arun("p", store=store, max_iterations=9, **given)
        theirs = await gems.ainvoke({"prompt": "p"}, {"recursion_limit": 100})
        return {"result": {"ours": len(ours.rounds), "theirs": len(theirs["rounds"])}}

    host = StateGraph(Host)
    host.add_node("paint", paint)
    host.add_edge(START, "paint")
    out = await host.compile().ainvoke({"prompt": "p"}, {"recursion_limit": 3})
    assert out["result"] == {"ours": 9, "theirs": 9}
    assert len(painter.calls) == 9


@pytest.mark.anyio
async def test_the_count_of_steps_is_never_kept(loop: Make) -> None:
    made = loop(**failing(max_iterations=2), checkpointer=InMemorySaver())
    made.graph.invoke({"prompt": "p"}, THREAD)
    for snapshot in made.graph.get_state_history(THREAD):
        assert "remaining_steps" not in snapshot.values


# ------------------------------------------------------------------ the parent's context


class Dials(TypedDict, total=False):
    max_iterations: int
    seed: str
    mllm: str


@pytest.mark.parametrize("context", [{"max_iterations": 1}, {"seed": "abc"}, {"mllm": "openai:x"}])
def test_a_context_of_the_parents_with_names_like_ours_is_the_parents(
    loop: Make, context: Any
) -> None:
    made = loop(**failing(max_iterations=2))
    out = around(made.graph, Dials).invoke({"prompt": "p"}, context=context)
    assert out["result"]["stop"] == {"reason": "max_iterations"}
    assert len(made.painter.calls) == 2


def test_a_parent_whose_context_is_our_settings_hands_them_on(loop: Make) -> None:
    made = loop(**failing(max_iterations=2))
    around(made.graph, Settings).invoke({"prompt": "p"}, context=Settings(max_iterations=1))
    assert len(made.painter.calls) == 1
