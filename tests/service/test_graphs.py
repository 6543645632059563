"""Graphs as LangGraph's server opens them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("langgraph_sdk")

from langgraph.checkpoint.memory import InMemorySaver
from langgraph_sdk.runtime import _ExecutionRuntime, _ReadRuntime

from gems_graph import build_graph, plugins
from gems_graph.errors import ConfigError
from gems_graph.service.form import form_of
from gems_graph.service.graphs import ServedGraph, served
from gems_graph.settings import GROUPS
from tests.conftest import two_rounds

CONFIG: Any = {"configurable": {"thread_id": "t", "host": "gems:80"}}


def opened(graph: Any, context: Any = None, strategy: str = "gems") -> ServedGraph:
    """Open a graph as the server does for a run."""
    runtime: Any = _ExecutionRuntime(
        access_context="threads.create_run", store=None, context=context  # type: ignore[arg-type]
    )  # fmt: skip
    return served(graph, strategy)(runtime)


def test_pictures_have_addresses_outside_and_none_in_the_checkpoints(loop: Any) -> None:
    saver = InMemorySaver()
    graph = opened(loop(two_rounds()).graph).copy({"checkpointer": saver})

    async def run() -> tuple[list[Any], Any, list[Any]]:
        stream = graph.astream({"prompt": "a cat"}, CONFIG, stream_mode=["values", "custom"])
        parts = [data async for _, data in stream]
        state = await graph.aget_state(CONFIG)
        history = [each async for each in graph.aget_state_history(CONFIG)]
        return parts, state, history

    parts, state, history = asyncio.run(run())
    image = state.values["result"]["image"]
    url = f"http://gems:80/gems/images/{image['sha256']}"
    assert image["url"] == history[0].values["result"]["image"]["url"] == url
    told = [part["image"]["url"] for part in parts if part.get("type") == "picture_ready"]
    assert len(told) == 2
    assert url in told
    kept = saver.get(CONFIG)
    assert kept is not None
    assert "url" not in kept["channel_values"]["result"]["image"]


def test_without_a_server_nothing_gains_an_address(loop: Any) -> None:
    assert "url" not in loop(two_rounds()).graph.invoke({"prompt": "a cat"})["result"]["image"]


def test_a_question_has_the_address_of_its_picture_and_actions(loop: Any) -> None:
    made = loop(two_rounds(), pause="verdicts")
    graph = opened(made.graph).copy({"checkpointer": InMemorySaver()})

    async def ask() -> tuple[Any, Any]:
        out = await graph.ainvoke({"prompt": "a cat"}, CONFIG)
        return out["__interrupt__"][0].value, (await graph.aget_state(CONFIG)).interrupts[0].value

    streamed, kept = asyncio.run(ask())
    assert streamed == kept
    assert streamed["image"]["url"].startswith("http://gems:80/gems/images/")
    assert streamed["image"]["url"] in streamed["action_requests"][0]["description"]
    assert streamed["prompt"]


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (
            {"max_iteration": 3},
            "no setting 'max_iteration'; did you mean 'max_iterations'",
        ),
        ({"max_iterations": 0}, "max_iterations=0 is not valid"),
        ({"strategy": "craft"}, "strategy='craft' is not valid: Input should be 'gems'"),
    ],
)
def test_a_context_that_is_not_of_settings_is_refused(context: Any, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        opened(build_graph(), context)
    assert said in str(error.value)


def test_what_the_server_puts_beside_settings_is_no_setting() -> None:
    opened(build_graph(), {"thread_id": "t", "x-request": "1", "__internal": 1, "seed": 2})
    runtime: Any = _ReadRuntime(access_context="threads.read", store=None)  # type: ignore[arg-type]
    assert isinstance(served(build_graph(), "gems")(runtime), ServedGraph)


def test_the_form_shows_everyday_settings_first_and_the_others_by_group() -> None:
    fields = form_of("craft").model_json_schema()["properties"]
    everyday = [*GROUPS[0].__annotations__]
    assert [*fields][: len(everyday)] == everyday
    assert len(everyday) <= 10  # the first screen
    assert all(":" not in fields[name].get("title", "") for name in everyday)
    others = [fields[name]["title"] for name in [*fields][len(everyday) :]]
    assert all(": " in title for title in others)
    assert all(field["description"] for field in fields.values())
    assert (fields["strategy"]["const"], fields["strategy"]["default"]) == ("craft", "craft")


def test_every_strategy_that_needs_no_extra_is_a_graph_of_the_server() -> None:
    import json
    from pathlib import Path

    from gems_graph import studio
    from gems_graph.strategies import open_strategy

    file = Path(__file__).parents[2] / "langgraph.json"
    graphs = json.loads(file.read_text("utf-8"))["graphs"]
    names = [name for name in plugins.names("strategies") if not open_strategy(name).needs]
    assert graphs.keys() == {"gems_chat", *names}
    for name, entry in graphs.items():
        assert entry["path"] == f"gems_graph.studio:{name}"
        assert callable(getattr(studio, name))
        assert entry["description"]
