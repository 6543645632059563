"""GEMS as a chat: what it hears, what it says, and what is in the thread while it waits."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from gems_graph import Store
from gems_graph.agents.chat import build_chat
from gems_graph.errors import UsageError
from gems_graph.graph import Graph
from gems_graph.testing import Painter, ScriptedChat, paint
from tests.conftest import criteria, verdicts
from tests.generators.test_edits import Editor

CONFIG: Any = {"configurable": {"thread_id": "t"}}
Make = Callable[..., Graph]


@pytest.fixture
def chat(store: Store) -> Make:
    def make(*rounds: str, painter: Any = None, **options: Any) -> Graph:
        script = {"decompose": criteria(len(rounds[0])), "verify": verdicts(*rounds)}
        return build_chat(
            mllm=ScriptedChat(script=script), generator=painter or Painter(), store=store,
            checkpointer=InMemorySaver(), seed=1, **options,
        )  # fmt: skip

    return make


def say(graph: Graph, text: Any, **options: Any) -> list[Any]:
    """Say something, and return the messages of the thread."""
    graph.invoke({"messages": [HumanMessage(text)]}, CONFIG, **options)  # type: ignore[call-overload]
    return messages(graph)


def messages(graph: Graph) -> list[Any]:
    return list(graph.get_state(CONFIG).values["messages"])


def sha(values: Any, n: int) -> str:
    return str(values["rounds"][n - 1]["image"]["sha256"])


def test_each_round_is_a_message_and_the_last_holds_the_chosen_picture(chat: Make) -> None:
    graph = chat("yn", "yy")
    asked, first, second, last = say(graph, "a cat")
    values = graph.get_state(CONFIG).values
    assert (asked.text, values["prompt"]) == ("a cat", "a cat")
    assert first.text.startswith("**Round 1: 1 of 2**")
    assert f"![Round 1](/gems/images/{sha(values, 1)})" in first.text
    assert "- ❌ Is there B? B seen" in first.text
    assert f"Learned: {values['experiences'][0]}" in first.text
    assert second.text.startswith("**Round 2: 2 of 2**")
    assert "Learned" not in second.text
    assert f"(/gems/images/{sha(values, 2)})" in last.text
    assert "passes all 2 criteria" in last.text
    assert last.content[-1]["url"] == f"/gems/images/{sha(values, 2)}"  # a file, for A2A
    assert last.additional_kwargs["gems"]["image"] == values["rounds"][1]["image"]


def test_what_the_roles_say_to_us_is_no_chat(chat: Make) -> None:
    graph = chat("yn", "yy")
    stream = graph.stream({"messages": [HumanMessage("a cat")]}, CONFIG, stream_mode="messages")  # type: ignore[call-overload]
    said = [message.id for message, _ in stream]
    trajectory = graph.get_state(CONFIG).values["trajectory"]
    assert said == [f"{trajectory}-1", f"{trajectory}-2", f"{trajectory}-end"]


def test_while_a_question_is_open_its_picture_is_in_the_thread(chat: Make) -> None:
    graph = chat("yn", "yy", pause="verdicts")
    *_, shown = say(graph, "a cat")
    snapshot = graph.get_state(CONFIG)
    assert snapshot.interrupts[0].value["round"] == 1
    assert sha(snapshot.values, 1) in shown.text

    decision = {"decisions": [{"type": "reject", "message": "the hat is blue"}]}
    graph.invoke(Command(resume=decision), CONFIG)
    _, first, second = messages(graph)
    assert "overruled by a person: the hat is blue" in first.text  # told anew, in its place
    assert second.text.startswith("**Round 2")

    graph.invoke(Command(resume={"decisions": [{"type": "maybe"}]}), CONFIG)
    assert "'maybe' is none" in graph.get_state(CONFIG).interrupts[0].value["problem"]
    graph.invoke(Command(resume={"decisions": [{"type": "approve"}]}), CONFIG)
    assert "is accepted" in messages(graph)[-1].text or "passes all" in messages(graph)[-1].text
    assert graph.get_state(CONFIG).values["result"]["stop"]["reason"] == "accepted"


def test_another_message_is_a_request_of_its_own_and_what_was_said_stays(chat: Make) -> None:
    graph = chat("y", "y")
    before = say(graph, "a cat")
    after = say(graph, "a dog")
    assert after[: len(before)] == before
    assert [each.text for each in after if isinstance(each, HumanMessage)] == ["a cat", "a dog"]
    assert graph.get_state(CONFIG).values["prompt"] == "a dog"
    ids = [message.id for message in after if isinstance(message, AIMessage)]
    assert len(set(ids)) == len(ids) == 4


def test_a_message_while_a_question_is_open_begins_afresh(chat: Make) -> None:
    graph = chat("yn", pause="verdicts")
    say(graph, "a cat")
    say(graph, "a dog")
    assert graph.get_state(CONFIG).interrupts[0].value["request"] == "a dog"


def test_pictures_in_a_message_are_to_go_by(chat: Make) -> None:
    data = base64.b64encode(paint("p", 1, (8, 6))).decode()
    block = {"type": "image", "base64": data, "mime_type": "image/png"}
    graph = chat("y", painter=Editor())
    say(graph, [{"type": "text", "text": "a cat like this"}, block])
    [given] = graph.get_state(CONFIG).values["references"]
    assert (given["width"], given["height"]) == (8, 6)


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_to_draw_is_said_in_a_sentence(chat: Make, text: str) -> None:
    with pytest.raises(UsageError, match="say what to draw"):
        say(chat("y"), text)


def test_what_stands_in_a_request_is_no_markdown_of_ours(chat: Make) -> None:
    _, told, _ = say(chat("y"), "a ![x](http://evil/x.png) $1 <b>sign</b>")
    assert r"\!\[x\](http" in told.text
    assert r"\$1 \<b\>" in told.text
