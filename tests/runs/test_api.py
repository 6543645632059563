"""`run`, `arun`, `stream`, `astream`: the same run by four doors."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, arun, astream, run, stream
from gems_graph.errors import ConfigError, UsageError
from gems_graph.events import Event
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import two_rounds
from tests.untimed import untimed


def build(store: Store) -> dict[str, Any]:
    script = two_rounds()
    return {"mllm": ScriptedChat(script=script), "generator": Painter(), "store": store, "seed": 1}


async def all_of(store: Store) -> list[Event]:
    return [event async for event in astream("a cat", **build(store))]


DOORS: dict[str, Callable[[Store], list[Event]]] = {
    "stream": lambda store: list(stream("a cat", **build(store))),
    "astream": lambda store: asyncio.run(all_of(store)),
}


def main_events(events: list[Event]) -> set[str]:
    return {e["type"] for e in events}


@pytest.mark.parametrize("door", DOORS)
def test_events_come_as_they_happen_and_the_last_is_stopped(door: str, store: Store) -> None:
    events = DOORS[door](store)
    assert (events[0]["type"], events[-1]["type"]) == ("run_started", "stopped")
    assert [e["round"] for e in events if e["type"] == "verdict"] == [1, 2]
    assert [e["type"] for e in events].count("stopped") == 1
    last: Any = events[-1]
    assert store.open(last["result"]["image"]).size == (64, 64)


def test_run_and_arun_tell_the_same_and_return_the_trajectory(store: Store) -> None:
    heard: list[Event] = []
    threads: set[threading.Thread] = set()

    def on_event(event: Event) -> None:
        threads.add(threading.current_thread())
        heard.append(event)

    trajectory = run("a cat", on_event=on_event, **build(store))
    assert (trajectory.success, len(trajectory.rounds)) == (True, 2)
    assert threads == {threading.current_thread()}
    more: list[Event] = []
    again = asyncio.run(arun("a cat", on_event=more.append, **build(store)))
    assert untimed(again.result) == untimed(trajectory.result)
    assert main_events(untimed(more)) == main_events(untimed(heard))
    assert untimed(heard[-1]) == untimed(more[-1])


def test_they_work_where_a_loop_is_running_as_in_a_notebook(store: Store) -> None:
    async def cell() -> tuple[bool, list[str]]:
        types = [event["type"] for event in stream("a cat", **build(store))]
        return run("a cat", **build(store)).success, types

    success, types = asyncio.run(cell())
    assert success
    assert types[-1] == "stopped"


@pytest.mark.parametrize("door", ["run", "arun", "stream", "astream"])
def test_a_failure_is_raised_by_every_door(door: str, store: Store) -> None:
    async def last() -> None:
        async for _ in astream("", store=store):
            pass

    doors: dict[str, Callable[[], Any]] = {
        "run": lambda: run("", store=store),
        "arun": lambda: asyncio.run(arun("", store=store)),
        "stream": lambda: list(stream("", store=store)),
        "astream": lambda: asyncio.run(last()),
    }
    with pytest.raises(UsageError):
        doors[door]()


@pytest.mark.parametrize("door", ["stream", "astream"])
def test_whoever_stops_reading_stops_the_run(door: str, store: Store) -> None:
    drawing, cancelled = threading.Event(), threading.Event()

    async def draw(prompt: str, *, seed: int, size: Any) -> Any:
        drawing.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    given = {**build(store), "generator": draw}
    if door == "stream":
        events = stream("a cat", **given)
        next(events)
        assert drawing.wait(30)
        events.close()  # type: ignore[attr-defined]
    else:

        async def read() -> None:
            reading = astream("a cat", **given)
            await anext(reading)
            await asyncio.to_thread(drawing.wait, 30)
            await reading.aclose()  # type: ignore[attr-defined]

        asyncio.run(read())
    assert cancelled.wait(30)


def test_a_checklist_of_ones_own_is_used(store: Store) -> None:
    given = build(store)
    trajectory = run("a cat", checklist=["Is there A?", "Is there B?"], **given)
    assert {c["source"] for c in trajectory.state["criteria"]} == {"user"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"checklist": "Is it?"}, "checklist takes a list of questions, not 'Is it?'"),
        ({"checklist": [3]}, "3 is no text"),
        ({"images": "cat.png"}, "images takes a list of pictures"),
        ({"store": "images"}, "Store('images')"),
        ({"on_event": 3}, "on_event takes a function"),
        ({"mllm": 3}, "mllm takes a name"),
        ({"mllm": {"verifier": 3}}, "mllm takes a name"),
        ({"generator": 3}, "draws nothing"),
        ({"strategy": 3}, "There is no strategy 3"),
        ({"settings": "paper"}, "settings takes Settings"),
        ({"skills": "here"}, "skills takes a list"),
        ({"max_iteration": 3}, "did you mean 'max_iterations'?"),
    ],
)
def test_a_wrong_argument_gets_a_sentence(wrong: Any, said: str, store: Store) -> None:
    painter = Painter()
    given = {"mllm": ScriptedChat(), "generator": painter, "store": store, **wrong}
    with pytest.raises((UsageError, ConfigError), match=re.escape(said)):
        run("a cat", **given)
    assert painter.calls == []


def test_the_store_of_graphs_by_default_has_a_name(tmp_path: Path) -> None:
    assert Store.default().location == str(tmp_path / "home" / "images")
