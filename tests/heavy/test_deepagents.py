"""deepagents with our tools: draw, pause, judge, and rubrics that are graded by looking (10 s)."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("deepagents", reason="deepagents: run `make heavy`")

from deepagents import create_deep_agent
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from gems_graph import Store, as_grader, as_judge, as_tool
from gems_graph.errors import ModelError
from gems_graph.testing import Painter, ScriptedChat
from tests.agents.hosts import Host, asking, tool_messages
from tests.conftest import criteria, two_rounds, verdicts

THREAD: Any = {"configurable": {"thread_id": "t"}}
DRAW = [("draw_picture", {"prompt": "a cat"})]
RUBRIC = "- Is there A?\n- Is there B?"


def tool(store: Store, **build: Any) -> Any:
    script = two_rounds()
    given = {"mllm": ScriptedChat(script=script), "generator": Painter(), "store": store, **build}
    return as_tool(**given)


def graded(store: Store, chat: ScriptedChat, plan: Any, rubric: str = RUBRIC) -> Any:
    """Run a deep agent under a rubric, and return it, what came out, and the evaluations."""
    heard: list[Any] = []
    host = Host(plan=plan)
    agent = create_deep_agent(
        model=host,
        tools=[tool(store)],
        middleware=[as_grader(mllm=chat, store=store, on_evaluation=heard.append)],
    )
    out = agent.invoke({**asking(), "rubric": rubric})
    return host, out, heard


def test_it_draws_and_has_the_picture_judged(store: Store) -> None:
    drawing = create_deep_agent(model=Host(plan=[DRAW]), tools=[tool(store)])
    [drawn] = tool_messages(drawing.invoke(asking()))
    assert [block["type"] for block in drawn.content] == ["text", "image"]
    picture = drawn.artifact["image"]["sha256"]
    assert picture in drawn.text
    call = [("verify_picture", {"picture": picture, "criteria": ["Is there A?"]})]
    chat = ScriptedChat(script={"verify": verdicts("y")})
    agent = create_deep_agent(model=Host(plan=[call]), tools=[as_judge(mllm=chat, store=store)])
    [judged] = tool_messages(agent.invoke(asking()))
    assert judged.text.startswith("1 of 1 criterion holds.")


@pytest.mark.anyio
async def test_a_pause_inside_surfaces_and_is_answered(store: Store) -> None:
    painter = Painter()
    agent = create_deep_agent(
        model=Host(plan=[DRAW]),
        tools=[tool(store, generator=painter, pause="criteria")],
        checkpointer=InMemorySaver(),
    )
    out = await agent.ainvoke(asking(), THREAD)
    assert out["__interrupt__"][0].value["kind"] == "criteria"
    assert painter.calls == []
    out = await agent.ainvoke(Command(resume={"prompt": "a cat in oil"}), THREAD)
    assert painter.calls[0][0] == "a cat in oil"
    assert tool_messages(out)[-1].artifact["result"]["success"]


@pytest.mark.parametrize("rubric", [RUBRIC, "a cat beside a bowl"])
def test_a_rubric_is_graded_by_looking_until_it_holds(store: Store, rubric: str) -> None:
    chat = ScriptedChat(script={"verify": verdicts("yn", "yy"), "decompose": criteria(2)})
    host, out, heard = graded(store, chat, [DRAW, "There.", DRAW, "Again."], rubric)
    assert [each["result"] for each in heard] == ["needs_revision", "satisfied"]
    assert [c["passed"] for c in heard[0]["criteria"]] == [True, False]
    told = host.heard[2][-1]
    assert "B seen" in told.text  # why it fails, to the agent
    assert out["messages"][-1].text == "Again."
    assert len(chat.asked("verify")) == 4
    assert len(chat.asked("decompose")) == (rubric != RUBRIC)  # split once


@pytest.mark.parametrize("rubric", [RUBRIC, "a cat beside a bowl"])
def test_where_there_is_no_picture_it_asks_for_one(store: Store, rubric: str) -> None:
    chat = ScriptedChat(script={"verify": verdicts("yy"), "decompose": criteria(2)})
    host, _, heard = graded(store, chat, ["I would draw a cat.", DRAW, "There."], rubric)
    assert [each["result"] for each in heard] == ["needs_revision", "satisfied"]
    assert "No picture was drawn" in host.heard[1][-1].text
    assert len(heard[1]["criteria"]) == 2


def test_an_outage_of_the_judge_is_no_verdict(store: Store) -> None:
    chat = ScriptedChat(script={"verify": ModelError("down")})
    _, out, heard = graded(store, chat, [DRAW, "There."])
    assert [each["result"] for each in heard] == ["grader_error"]
    assert out["messages"][-1].text == "There."


@pytest.mark.anyio
async def test_async_agents_are_graded_too(store: Store) -> None:
    heard: list[Any] = []
    chat = ScriptedChat(script={"verify": verdicts("yy")})
    agent = create_deep_agent(
        model=Host(plan=[DRAW, "There."]),
        tools=[tool(store)],
        middleware=[as_grader(mllm=chat, store=store, on_evaluation=heard.append)],
    )
    await agent.ainvoke({**asking(), "rubric": RUBRIC})
    assert [each["result"] for each in heard] == ["satisfied"]
