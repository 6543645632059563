"""Addresses of pictures, in whatever leaves the graph."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.types import Interrupt, PregelTask, StateSnapshot

from gems_graph.agents.links import host_of, linked

SHA = "a" * 64
REF = {"sha256": SHA, "media_type": "image/png", "width": 8, "height": 8}
URL = f"http://there/gems/images/{SHA}"


def under(**headers: str) -> dict[str, Any]:
    return {"configurable": {name.replace("_", "-"): value for name, value in headers.items()}}


@pytest.mark.parametrize(
    ("config", "host"),
    [
        (None, ""),
        ({}, ""),
        (under(thread_id="1"), ""),
        (under(host="127.0.0.1:2024"), "http://127.0.0.1:2024"),
        (under(host="inner:80", x_forwarded_host="gems.example"), "http://gems.example"),
        (under(host="gems.example", x_forwarded_proto="https"), "https://gems.example"),
        (under(host="a", x_forwarded_host="b, c", x_forwarded_proto="https, http"), "https://b"),
    ],
)
def test_the_host_is_that_of_the_request(config: Any, host: str) -> None:
    assert host_of(config) == host


def test_a_public_address_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_URL", "https://gems.example/base/")
    assert host_of(under(host="inner")) == "https://gems.example/base"


def test_every_reference_gets_an_address_wherever_it_stands() -> None:
    state = {"rounds": [{"n": 1, "image": REF}], "prompt": "p"}
    given = {"rounds": [{"n": 1, "image": {**REF, "url": URL}}], "prompt": "p"}
    assert linked(state, "http://there") == given
    assert state["rounds"][0]["image"] == REF  # what the graph holds is not touched

    asked = Interrupt(value={"image": REF}, id="7")
    task = PregelTask(id="t", name="ask", path=(), interrupts=(asked,), result=state)
    shot = StateSnapshot(state, (), {}, None, None, None, (task,), (asked,))
    told = linked(shot, "http://there")
    assert told.values == given
    assert told.tasks[0].interrupts[0] == Interrupt(value={"image": {**REF, "url": URL}}, id="7")
    assert told.tasks[0].result == given


def test_links_of_ours_get_the_host_and_no_others() -> None:
    said = f"![Round 1](/gems/images/{SHA}) [x](/elsewhere) /gems/images/{SHA}"
    told = linked({"messages": [AIMessage(said, id="1")]}, "http://there")["messages"][0]
    assert told.text == f"![Round 1]({URL}) [x](/elsewhere) /gems/images/{SHA}"
    assert told.id == "1"
    blocks = [{"type": "text", "text": f"![Round 1](/gems/images/{SHA})"}]
    assert linked(AIMessage(blocks), "http://there").content[0]["text"] == f"![Round 1]({URL})"


def test_without_a_host_addresses_are_relative() -> None:
    assert linked(REF, "")["url"] == f"/gems/images/{SHA}"
