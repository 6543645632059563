"""GEMS as a tool of `create_agent`: picture, reference, progress, questions, errors."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from PIL import Image

from gems_graph import Store, as_tool, build_graph
from gems_graph.errors import ConfigError, ModelError
from gems_graph.testing import Painter, ScriptedChat
from tests.agents.hosts import Host, asking, tool_messages
from tests.conftest import criteria, two_rounds, verdicts

THREAD: Any = {"configurable": {"thread_id": "t"}}
DRAW = [("draw_picture", {"prompt": "a cat"})]


def tool(store: Store, script: Any = None, **build: Any) -> BaseTool:
    chat = ScriptedChat(script=script or two_rounds())
    return as_tool(**{"mllm": chat, "generator": Painter(), "store": store, "seed": 1, **build})


def picture_in(message: Any) -> Image.Image:
    [block] = [block for block in message.content if block["type"] == "image"]
    return Image.open(io.BytesIO(base64.b64decode(block["base64"])))


@pytest.mark.anyio
@pytest.mark.parametrize("door", ["sync", "async"])
async def test_an_agent_gets_text_and_picture_and_its_program_the_reference(
    store: Store, door: str
) -> None:
    agent = create_agent(Host(plan=[DRAW]), [tool(store)])
    out = agent.invoke(asking()) if door == "sync" else await agent.ainvoke(asking())
    [message] = tool_messages(out)
    assert [block["type"] for block in message.content] == ["text", "image"]
    assert "round 2 passes all 2 criteria" in message.text
    reference = message.artifact["image"]
    assert reference["sha256"] in message.text
    assert picture_in(message).size == store.open(reference).size == (64, 64)
    assert message.artifact["result"]["success"]
    assert out["messages"][-1].text == "Done."


def test_what_fails_is_told_with_its_reason(store: Store) -> None:
    script = {"decompose": criteria(2), "verify": verdicts("yn")}
    agent = create_agent(Host(plan=[DRAW]), [tool(store, script, max_iterations=2)])
    [message] = tool_messages(agent.invoke(asking()))
    assert message.text.startswith("Not passed: round 1 passes 1 of 2")
    assert "no: Is there B? (B seen)" in message.text
    assert "A seen" not in message.text


def test_the_picture_is_bounded_and_can_be_left_out(store: Store) -> None:
    async def draw(prompt: str, *, seed: int, size: Any) -> Image.Image:
        return Image.effect_noise((2000, 1000), 40).convert("RGB")

    for side, sizes in ((1024, [(1024, 512)]), (0, [])):
        agent = create_agent(Host(plan=[DRAW]), [tool(store, generator=draw, side=side)])
        [message] = tool_messages(agent.invoke(asking()))
        images = [block for block in message.content if block["type"] == "image"]
        assert [picture_in(message).size for _ in images] == sizes
        assert [block["mime_type"] for block in images] == ["image/jpeg"] * len(sizes)
        assert message.artifact["image"]["width"] == 2000


def test_criteria_of_the_agents_are_used(store: Store) -> None:
    call = [("draw_picture", {"prompt": "a cat", "criteria": ["Is there A?"]})]
    agent = create_agent(Host(plan=[call]), [tool(store, {"verify": verdicts("y")})])
    [message] = tool_messages(agent.invoke(asking()))
    assert message.artifact["result"]["total"] == 1


@pytest.mark.anyio
@pytest.mark.parametrize("door", ["sync", "async"])
@pytest.mark.parametrize("subgraphs", [False, True])
async def test_progress_reaches_the_stream_of_the_agent(
    store: Store, door: str, subgraphs: bool
) -> None:
    agent, how = create_agent(Host(plan=[DRAW]), [tool(store)]), {"subgraphs": subgraphs}
    if door == "sync":
        heard = [*agent.stream(asking(), stream_mode="custom", **how)]
    else:
        heard = [each async for each in agent.astream(asking(), stream_mode="custom", **how)]
    events = [each[-1] for each in heard] if subgraphs else heard
    assert [event["round"] for event in events if event["type"] == "verdict"] == [1, 2]
    assert [event["type"] for event in events].count("stopped") == 1


@pytest.mark.anyio
@pytest.mark.parametrize("door", ["sync", "async"])
async def test_what_it_asks_a_person_surfaces_and_is_answered(store: Store, door: str) -> None:
    painter = Painter()
    asks = tool(store, generator=painter, pause="criteria")
    agent = create_agent(Host(plan=[DRAW]), [asks], checkpointer=InMemorySaver())

    async def go(given: Any) -> Any:
        return agent.invoke(given, THREAD) if door == "sync" else await agent.ainvoke(given, THREAD)

    out = await go(asking())
    [question] = out["__interrupt__"]
    assert (question.value["kind"], painter.calls) == ("criteria", [])
    out = await go(Command(resume={"prompt": "a cat in oil"}))
    [message] = tool_messages(out)
    assert painter.calls[0][0] == "a cat in oil"
    assert message.artifact["result"]["success"]


@pytest.mark.anyio
async def test_two_pictures_in_one_turn_are_asked_about_and_answered_together(store: Store) -> None:
    painter = Painter()
    both = [("draw_picture", {"prompt": prompt}) for prompt in ("a cat", "a dog")]
    asks = tool(store, {"decompose": criteria(1)}, generator=painter, pause="criteria")
    agent = create_agent(Host(plan=[both]), [asks], checkpointer=InMemorySaver())
    out = await agent.ainvoke(asking(), THREAD)
    answers = {q.id: {"prompt": f"{q.value['request']} in oil"} for q in out["__interrupt__"]}
    assert len(answers) == 2
    out = await agent.ainvoke(Command(resume=answers), THREAD)
    assert [message.artifact["result"]["prompt"] for message in tool_messages(out)] == [
        "a cat in oil", "a dog in oil",
    ]  # fmt: skip
    assert len(painter.calls) == 2


def test_the_limit_of_the_agent_is_not_that_of_the_picture(store: Store) -> None:
    script = {"decompose": criteria(1), "verify": verdicts("n")}
    agent = create_agent(Host(plan=[DRAW]), [tool(store, script, max_iterations=9)])
    [message] = tool_messages(agent.invoke(asking(), {"recursion_limit": 8}))
    assert "the most of 9 rounds" in message.text


@pytest.mark.parametrize(
    ("given", "script", "said"),
    [
        ({"prompt": " "}, {}, "The prompt is empty: say what to draw."),
        ({"prompt": "p", "criteria": []}, {}, "The checklist holds no criteria"),
        ({"prompt": 3}, {}, "The argument 'prompt' does not fit: input should be a valid string."),
        ({}, {}, "The argument 'prompt' does not fit: field required."),
        ({"prompt": "p"}, {"decompose": ModelError("The model is down.")}, "The model is down."),
    ],
)
def test_errors_reach_the_agent_as_sentences(
    store: Store, given: Any, script: Any, said: str
) -> None:
    agent = create_agent(Host(plan=[[("draw_picture", given)]]), [tool(store, script)])
    [message] = tool_messages(agent.invoke(asking()))
    assert message.status == "error"
    assert message.text.startswith(said)
    assert "Traceback" not in message.text


def test_a_setting_that_is_wrong_is_refused_when_the_tool_is_made() -> None:
    with pytest.raises(ConfigError, match="max_iterations"):
        as_tool(max_iterations=0)


def test_a_graph_of_ones_own_and_a_direct_call(store: Store) -> None:
    graph = build_graph(mllm=ScriptedChat(script=two_rounds()), generator=Painter(), store=store)
    mine = as_tool(graph, store=store, name="paint", description="Paints.", side=0)
    assert (mine.name, mine.description) == ("paint", "Paints.")
    [block] = mine.invoke({"prompt": "a cat"})
    assert block["text"].startswith("Passed: round 2")
