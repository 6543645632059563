"""What is read of a last checkpoint without a graph is what LangGraph says of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph

from gems_graph import paths
from gems_graph.errors import ModelError
from gems_graph.persistence.history import UNREADABLE, history, standing_of
from gems_graph.persistence.last import Last, config_of, read_last
from gems_graph.persistence.open_ends import open_ends
from gems_graph.persistence.threads import open_threads
from gems_graph.settings import Settings
from gems_graph.testing import Painter
from tests.installed import install_side_by_side
from tests.kept import Kept, kept

RELEASES = sorted((Path(__file__).parents[1] / "fixtures").glob("release-*.zip"))


async def same(on: Kept, thread: str, graph: Any = None) -> Last:
    """Check that a thread is read as LangGraph reads it, and return it."""
    last = await read_last(on.saver, thread)
    theirs = await (graph or on.graph).aget_state(config_of(thread))
    tasks = [task.name for task in theirs.tasks]
    assert sorted(last.upcoming) == sorted(tasks)
    assert last.finished == len(tasks) - len(theirs.next)
    assert [*last.interrupts] == [*theirs.interrupts]
    raised = [str(task.error) for task in theirs.tasks if task.error]
    assert [*last.errors] == [each for each in raised if not each.startswith("CancelledError")]
    assert last.when == theirs.created_at
    assert last.source == (theirs.metadata or {}).get("source", "")
    values = {name: value for name, value in theirs.values.items() if name != "checklist"}
    assert {name: last.values[name] for name in values} == values
    assert last.values.keys() - values.keys() <= {"checklist"}
    return last


Leave = Callable[[Kept], Coroutine[Any, Any, object]]


async def stop(on: Kept, **at: Any) -> None:
    await on.graph.ainvoke({"prompt": "p"}, config_of("t"), durability="sync", **at)


async def used_again(on: Kept) -> None:
    await on.run("t")
    await stop(on, interrupt_before=["begin"])


async def forked(on: Kept) -> None:
    await on.run("old")
    await on.fork("old", round=1, prompt="a cow", to="t")


async def answered(on: Kept) -> None:
    await on.run("t")
    await on.graph.aupdate_state(config_of("t"), {"notes": ["seen"]}, as_node="review_criteria")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("build", "leave", "word"),
    [
        ({}, lambda on: on.run("t"), "best effort"),
        ({"max_images": 1}, lambda on: on.run("t"), "best effort"),
        ({"script": {"refine": ModelError("down")}}, lambda on: on.run("t"), "failed"),
        ({"script": {"verify": ModelError("down")}}, lambda on: on.run("t"), "failed"),
        ({"script": {"decompose": ModelError("down")}}, lambda on: on.run("t"), "failed"),
        ({"pause": "criteria"}, lambda on: on.run("t"), "waiting"),
        ({"pause": "verdicts"}, lambda on: on.run("t"), "waiting"),
        ({"pause": "criteria"}, answered, "interrupted"),
        ({}, lambda on: stop(on, interrupt_before=["begin"]), "not begun"),
        ({}, lambda on: stop(on, interrupt_after=["begin"]), "interrupted"),
        ({}, lambda on: stop(on, interrupt_after=["planner"]), "interrupted"),
        ({}, lambda on: stop(on, interrupt_after=["generator"]), "interrupted"),
        ({}, lambda on: stop(on, interrupt_after=["verifier"]), "interrupted"),
        ({}, lambda on: stop(on, interrupt_before=["select"]), "interrupted"),
        ({}, used_again, "not begun"),
        ({}, forked, "interrupted"),
        (
            {"order": "reference"},
            lambda on: stop(on, interrupt_after=["compressor"]),
            "interrupted",
        ),
    ],
)
def test_a_thread_is_read_as_the_graph_would(
    build: dict[str, Any], leave: Leave, word: str
) -> None:
    async def scenario() -> None:
        async with kept(retries=0, **build) as on:
            try:
                await leave(on)
            except ModelError:
                assert word == "failed"
            last = await same(on, "t")
            assert standing_of(last) == word
            assert last.begins == (word == "not begun")
            assert standing_of(last, busy=True) in ("running", word)

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("first", ["planner", "decomposer"])
def test_what_one_has_finished_while_its_sibling_works_counts(first: str) -> None:
    """A killed process leaves writes of the one, and nothing of the other."""
    working, stay = threading.Event(), threading.Event()

    def hang(_: str) -> Any:
        working.set()
        stay.wait(60)
        return {"skills": [], "criteria": ["Is there A?"]}

    async def scenario() -> None:
        slow = "decompose" if first == "planner" else "select-skills"
        async with kept(script={slow: hang}) as on:
            run = asyncio.create_task(on.run("t"))
            await asyncio.to_thread(working.wait)
            while not (await read_last(on.saver, "t")).finished:
                await asyncio.sleep(0.01)
            last = await same(on, "t")
            assert (sorted(last.upcoming), last.finished) == (["decomposer", "planner"], 1)
            assert standing_of(last) == "interrupted"
            assert [each["node"] for each in last.values["timings"]] == [first]
            assert first in last.values["ledger"]
            run.cancel()
            stay.set()
            await asyncio.wait([run])
            last = await same(on, "t")
            assert (standing_of(last), last.errors) == ("interrupted", ())

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("point", ["decomposer", "candidate", "gather", "judge", "select"])
def test_parallel_candidates_are_read_as_well(
    point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_side_by_side(tmp_path, monkeypatch)

    async def scenario() -> None:
        async with kept(strategy="side-by-side") as on:
            await stop(on, interrupt_before=[point])
            last = await same(on, "t")
            assert {*last.upcoming} == {point}
            assert standing_of(last) == "interrupted"
            await on.go_on("t")
            assert standing_of(await same(on, "t")) == "best effort"

    asyncio.run(scenario())


def test_a_trajectory_that_lost_a_candidate_is_open_however_well_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_side_by_side(tmp_path, monkeypatch)

    async def scenario() -> None:
        lossy = Painter([None, ValueError("no such seed")])
        async with kept(strategy="side-by-side", generator=lossy, retries=0) as on:
            on.says["B"] = "yes"
            await on.run("t")
            assert standing_of(await same(on, "t")) == "passed"
            [line] = [line async for line in history(on.threads)]
            assert (line["state"], line["open"]) == ("passed", True)
            assert "no such seed" in line["error"]
            assert (await open_ends(on.threads)).open == ["t"]

    asyncio.run(scenario())


class Fan(TypedDict, total=False):
    prompt: str
    n: int


@pytest.mark.usefixtures("database")
def test_sends_and_joins_of_any_graph_are_read() -> None:
    from langgraph.types import Send

    def nothing(_: Any) -> dict[str, Any]:
        return {}

    builder = StateGraph(Fan)
    for name in ("a", "b", "joined", "sent"):
        builder.add_node(name, nothing)
    builder.add_edge(START, "a")
    builder.add_edge(START, "b")
    builder.add_edge(["a", "b"], "joined")
    builder.add_conditional_edges("joined", lambda _: [Send("sent", {"n": n}) for n in range(3)])
    builder.add_edge("sent", END)

    async def scenario() -> None:
        async with kept() as on:
            graph = builder.compile(checkpointer=on.saver)
            for point in ("a", "joined", "sent"):
                await graph.ainvoke({"prompt": "p"}, config_of(point), interrupt_before=[point])
                last = await read_last(on.saver, point)
                theirs = await graph.aget_state(config_of(point))
                assert {*last.upcoming} == {task.name for task in theirs.tasks}, point
            assert (await read_last(on.saver, "nobody")) == Last()

    asyncio.run(scenario())


@pytest.mark.parametrize("archive", RELEASES, ids=lambda file: file.stem)
def test_threads_of_every_release_are_read_alike(archive: Path) -> None:
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(paths.home())

    async def scenario() -> None:
        async with open_threads() as threads:
            words = {line["thread"]: line["state"] async for line in history(threads)}
            for name, word in words.items():
                last = await read_last(threads.saver, name)
                theirs = await threads.graph().aget_state(config_of(name))
                for key in ("rounds", "ledger", "result", "stop", "criteria", "prompt"):
                    assert last.values.get(key) == theirs.values.get(key)
                assert word != "unreadable"
            assert words["finished"] == "passed"
            assert words["interrupted"] == words["planned"] == "interrupted"
            assert words["budget"] == "best effort"

    asyncio.run(scenario())


def test_a_damaged_one_raises_what_is_known() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("t")
            await on.damage("t")
            with pytest.raises(UNREADABLE):
                await read_last(on.saver, "t")

    asyncio.run(scenario())


HISTORY = """
import asyncio, json, sys
from gems_graph.persistence.history import history
from gems_graph.persistence.open_ends import open_ends
from gems_graph.persistence.threads import open_threads
async def look():
    async with open_threads() as threads:
        return [line["state"] async for line in history(threads)]
states = asyncio.run(look())
heavy = ("langgraph.graph", "langgraph.pregel", "langsmith", "openai", "numpy", "jinja2")
print(json.dumps([states, [name for name in heavy if name in sys.modules]]))
"""


def test_history_builds_no_graph_and_imports_none() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("t")

    asyncio.run(scenario())
    done = subprocess.run([sys.executable, "-c", HISTORY], capture_output=True, check=True)
    assert json.loads(done.stdout) == [["best effort"], []]


def test_a_thread_of_a_strategy_that_is_not_installed_is_listed_all_the_same() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("t")
            gone = {**Settings().model_dump(), "strategy": "gone"}
            await on.graph.aupdate_state(config_of("t"), {"settings": gone}, as_node="select")
            assert [line["state"] async for line in history(on.threads)] == ["best effort"]

    asyncio.run(scenario())
