"""One run of any graph: events in order and as JSON, stop, resume, answer; GEMS and a stranger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

from gems_graph.events import Event
from gems_graph.review.answers import UnfitAnswerError
from gems_graph.runs.outcome import Outcome
from gems_graph.runs.run import Run
from tests.conftest import Loop, criteria, two_rounds


class Heard(list[Event]):
    """Events, each checked to be plain JSON when it comes."""

    def __call__(self, event: Event) -> None:
        assert json.loads(json.dumps(event)) == event
        self.append(event)

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self]

    def all(self, kind: str) -> list[Any]:
        return [event for event in self if event["type"] == kind]


# ------------------------------------------------------------------ GEMS


@pytest.mark.anyio
async def test_a_run_of_two_rounds_is_told_in_order(loop: Callable[..., Loop]) -> None:
    made = loop({**two_rounds(), "compress": {"experience": "B was small"}})
    heard = Heard()
    outcome = await Run(made.graph, on_event=heard).start({"prompt": "a cat"})
    assert (outcome.state["result"]["round"], outcome.questions, outcome.stopped_by) == (2, (), "")
    told = [kind for kind in heard.types if not kind.startswith("node_")]
    shown = [kind for kind in told if kind not in ("round_started", "progress", "picture_ready")]
    assert shown[0] == "run_started"
    assert sorted(shown[1:3]) == ["criteria", "planned"]  # side by side
    assert shown[3] == "verdict"
    assert sorted(shown[4:6]) == ["lesson", "refined"]
    assert shown[6:] == ["verdict", "stopped"]
    begun = heard.all("run_started")[0]
    assert (begun["prompt"], begun["strategy"], begun["rounds"]) == ("a cat", "gems", [])
    first, second = heard.all("verdict")
    assert [(v["round"], v["passed"], v["total"]) for v in (first, second)] == [
        (1, 1, 2),
        (2, 2, 2),
    ]
    assert heard.all("lesson")[0]["experience"] == "B was small"
    assert [each["round"] for each in heard.all("picture_ready")] == [1, 2]
    assert {each["what"] for each in heard.all("progress")} == {"criterion"}
    assert heard[-1]["type"] == "stopped"  # and nothing follows it
    assert (heard[-1]["reason"], heard[-1]["result"]) == ("passed", outcome.state["result"])


@pytest.mark.anyio
async def test_every_node_that_begins_ends_and_says_what_it_used(loop: Callable[..., Loop]) -> None:
    heard = Heard()
    outcome = await Run(loop(two_rounds()).graph, on_event=heard).start({"prompt": "a cat"})
    begun = sorted((e["node"], e["round"]) for e in heard.all("node_started"))
    assert {"generator", "verifier", "refiner"} <= {node for node, _ in begun}
    assert all(event["doing"] for event in heard.all("node_started"))
    calls = sum(use["calls"] for e in heard.all("node_ended") for use in e["used"].values())
    assert calls == sum(use["calls"] for use in outcome.state["ledger"].values())


@pytest.mark.anyio
async def test_a_failure_before_any_picture_is_told_and_raised(loop: Callable[..., Loop]) -> None:
    heard = Heard()
    with pytest.raises(Exception, match="empty"):
        await Run(loop().graph, on_event=heard).start({"prompt": " "})
    assert heard[-1] == {"type": "stopped", "reason": "error", "result": None}


@pytest.mark.anyio
async def test_both_pauses_ask_and_are_answered(loop: Callable[..., Loop]) -> None:
    made = loop(two_rounds(), pause="both", checkpointer=InMemorySaver())
    heard = Heard()
    run = Run(made.graph, "t", heard)
    asked = await run.start({"prompt": "a cat"})
    assert (heard.types[-1], heard[-1]["question"]) == ("asked", asked.question)  # type: ignore[typeddict-item]
    assert asked.question["kind"] == "criteria"
    heard.clear()
    asked = await run.answer({"criteria": ["Is there B?", "Is there A?"]})
    begun, edited = heard[0], heard.all("criteria")[0]
    assert begun["type"] == "run_started"
    assert [c["question"] for c in begun["criteria"]] == ["Is there A?", "Is there B?"]
    assert [c["question"] for c in edited["criteria"]] == ["Is there B?", "Is there A?"]
    assert (asked.question["kind"], asked.question["passed"]) == ("verdict", 1)
    heard.clear()
    outcome = await run.answer({"verdicts": {"1": "yes"}})
    [overruled] = heard.all("verdict")
    assert (overruled["round"], overruled["passed"]) == (1, 2)
    assert len(heard[0]["rounds"]) == 1  # type: ignore[typeddict-item]
    assert (heard.types[-1], outcome.state["result"]["success"]) == ("stopped", True)


@pytest.mark.anyio
async def test_an_answer_that_does_not_fit_leaves_the_question_open(
    loop: Callable[..., Loop],
) -> None:
    heard = Heard()
    run = Run(loop(pause="criteria", checkpointer=InMemorySaver()).graph, "t", heard)
    asked = await run.start({"prompt": "a cat"})
    with pytest.raises(UnfitAnswerError):
        await run.answer({"criteria": []})
    assert "stopped" not in heard.types
    question = (await run.look()).question
    assert question is not None
    assert "holds no criteria" in question.pop("problem")
    assert question == asked.question
    assert heard.types[-1] == "asked"


@pytest.mark.anyio
async def test_a_stopped_run_ends_its_step_and_is_resumed(loop: Callable[..., Loop]) -> None:
    heard = Heard()
    made = loop(two_rounds(), checkpointer=InMemorySaver())

    def stop_at_the_first_verdict(event: Event) -> None:
        heard(event)
        if event["type"] == "verdict" and event["round"] == 1:
            run.stop("enough")

    run = Run(made.graph, "t", stop_at_the_first_verdict)
    outcome = await run.start({"prompt": "a cat"})
    assert (outcome.stopped_by, outcome.state["rounds"][0]["n"]) == ("enough", 1)
    assert heard[-1] == {"type": "stopped", "reason": "cancelled", "result": None}
    pictures = len(made.painter.calls)
    heard.clear()
    outcome = await Run(made.graph, "t", heard).resume()
    assert [round_["n"] for round_ in heard[0]["rounds"]] == [1]  # type: ignore[typeddict-item]
    assert heard[0]["used"]["verifier"]["calls"] == 2  # type: ignore[typeddict-item]
    assert outcome.state["result"]["success"]
    assert len(made.painter.calls) == pictures + 1  # round 1 is not drawn again


@pytest.mark.anyio
@pytest.mark.parametrize("node", ["planner", "generator", "verifier", "refiner", "select"])
async def test_a_run_cancelled_while_a_node_ends_goes_on(
    loop: Callable[..., Loop], node: str
) -> None:
    """LangGraph keeps what a cancelled task wrote, without the ways on, and takes it for done."""
    made = loop(two_rounds(), checkpointer=InMemorySaver())

    def cancel(event: Event) -> None:
        if event["type"] == "node_ended" and event["node"] == node:
            run.stop("enough", at_once=True)

    run = Run(made.graph, "t", cancel)
    await run.start({"prompt": "a cat"})
    outcome = await Run(made.graph, "t").resume()
    assert outcome.state["result"]["success"]
    assert [round_["n"] for round_ in outcome.state["rounds"]] == [1, 2]


# ------------------------------------------------------------------ a graph of somebody else


class Theirs(TypedDict, total=False):
    """Another graph's state."""

    topic: str
    poem: str


def stranger(**nodes: Callable[[Theirs], Any]) -> Any:
    """Return a graph of given nodes in a row, which keeps its threads."""
    graph = StateGraph(Theirs)
    for name, node in nodes.items():
        graph.add_node(name, node)
    for one, two in zip([START, *nodes], [*nodes, END], strict=True):
        graph.add_edge(one, two)
    return graph.compile(checkpointer=InMemorySaver(), name="poet")


def write(state: Theirs) -> Theirs:
    tell = get_stream_writer()
    tell({"type": "line", "text": "roses"})
    tell("no mapping at all")
    return {"poem": f"on {state['topic']}"}


@pytest.mark.anyio
async def test_a_stranger_is_followed_with_events_of_its_own() -> None:
    heard = Heard()
    outcome = await Run(stranger(write=write), "t", heard).start({"topic": "roses"})
    assert outcome.state == {"topic": "roses", "poem": "on roses"}
    assert heard == [
        {
            "type": "run_started", "thread": "t", "strategy": "poet", "prompt": "", "criteria": [],
            "rounds": [], "used": {},
        },
        {"type": "line", "text": "roses"},
        {"type": "custom", "data": "no mapping at all"},
        {"type": "stopped", "reason": "ended", "result": None},
    ]  # fmt: skip


@pytest.mark.anyio
async def test_a_strangers_questions_are_answered_and_its_end_is_looked_up() -> None:
    def ask(state: Theirs) -> Theirs:
        return {"topic": interrupt({"what": "topic?"})}

    heard = Heard()
    run = Run(stranger(ask=ask, write=write), "t", heard)
    asked = await run.start({})
    assert (asked.question, len(await run.questions())) == ({"what": "topic?"}, 1)
    assert heard[-1] == {"type": "asked", "id": asked.questions[0].id, "question": asked.question}
    outcome = await run.answer({asked.questions[0].id: "rain"})
    assert outcome.state["poem"] == "on rain"
    assert (await run.look()) == outcome
    assert heard.types[-2:] == ["stopped", "stopped"]


def hanging() -> tuple[Callable[[Theirs], Any], asyncio.Event]:
    """Return a node that never ends, and an event that it sets when it begins."""
    reached = asyncio.Event()

    async def hang(state: Theirs) -> Theirs:
        reached.set()
        await asyncio.Event().wait()
        return {}

    return hang, reached


@pytest.mark.anyio
async def test_a_stranger_is_stopped_in_the_middle_of_a_step() -> None:
    hang, reached = hanging()
    heard = Heard()
    run = Run(stranger(write=write, hang=hang), "t", heard)
    task = asyncio.create_task(run.start({"topic": "roses"}))
    await reached.wait()
    run.stop(at_once=True)
    outcome = await task
    assert (outcome.state["poem"], outcome.stopped_by) == ("on roses", "stop")
    assert heard[-1]["type"] == "stopped"


@pytest.mark.anyio
async def test_whoever_waits_for_a_run_may_be_cancelled_too() -> None:
    hang, reached = hanging()
    heard = Heard()
    task: asyncio.Task[Outcome] = asyncio.create_task(
        Run(stranger(hang=hang), "t", heard).start({"topic": "roses"})
    )
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard[-1] == {"type": "stopped", "reason": "cancelled", "result": None}


@pytest.mark.anyio
async def test_gems_within_a_stranger_is_heard_and_the_stranger_ends_last(
    loop: Callable[..., Loop],
) -> None:
    gems = loop({"decompose": criteria(1)}).graph

    async def draw(state: Theirs) -> Theirs:
        result = (await gems.ainvoke({"prompt": state["topic"]}))["result"]
        return {"poem": result["why"]}

    heard = Heard()
    await Run(stranger(draw=draw, write=write), "t", heard).start({"topic": "a cat"})
    types = heard.types
    assert types.index("verdict") < types.index("stopped") < types.index("line")
    assert heard.all("stopped")[0]["reason"] == "passed"
    assert heard[-1] == {"type": "stopped", "reason": "ended", "result": None}
