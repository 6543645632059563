"""What we use of other packages beyond what they document is as it was when we looked."""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphInterrupt
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Overwrite, interrupt
from packaging.specifiers import SpecifierSet

from gems_graph import private_hooks as hooks
from gems_graph.generators.diffusion import private_hooks as diffusers_hooks
from gems_graph.persistence.savers import open_saver

HOLDS = re.compile(r"Holds for: (.+)")
OPTIONAL = {"langgraph-checkpoint-postgres", "diffusers"}
AT: Any = {"configurable": {"thread_id": "t"}}


def documented() -> list[tuple[str, str, str]]:
    """Return function, package and versions of every promise in the file."""
    found = []
    things = [*vars(hooks).items(), *vars(diffusers_hooks).items()]
    ours = (hooks.__name__, diffusers_hooks.__name__)
    for name, thing in things:
        if getattr(thing, "__module__", "") not in ours or name.startswith("_"):
            continue
        line = HOLDS.search(inspect.getdoc(thing) or "")
        assert line, f"{name} says for which versions it holds"
        for part in line[1].split(";"):
            package, _, versions = part.strip().partition(" ")
            found.append((name, package, versions))
    return found


@pytest.mark.parametrize(("name", "package", "versions"), documented())
def test_the_installed_version_is_one_that_was_looked_at(
    name: str, package: str, versions: str
) -> None:
    try:
        installed = version(package)
    except ModuleNotFoundError:
        assert package in OPTIONAL
        pytest.skip(f"{package} is not installed")
    assert installed in SpecifierSet(versions), (
        f"{name} was written for {package}{versions}, and {installed} is installed: see whether it "
        "still holds, then widen the range"
    )


def test_nothing_else_reaches_into_other_packages() -> None:
    """A private attribute, a private module, or a client's inner parts: only in that one file."""
    root = Path(hooks.__file__).parent
    reach = re.compile(
        r"\._last_v6|(?:get|has)attr\(\w+, \"_[a-z]|langgraph\._internal|CONFIG_KEY_"
        r"|root_async_client|\.MIGRATIONS|\b(?:saver|conn|cursor|pool|graph|snapshot|loop|client|model)\._[a-z]"
    )
    found = [
        f"{file.relative_to(root)}: {line.strip()}"
        for file in sorted(root.rglob("*.py"))
        if file.name != "private_hooks.py"
        for line in file.read_text(encoding="utf-8").splitlines()
        if reach.search(line) and "self._" not in line
    ]
    assert found == []


def test_ids_made_from_now_on_come_after_one_of_the_future() -> None:
    from langgraph.checkpoint.base import id as ids

    before = ids._last_v6_timestamp
    try:
        hours = 3600 * 10**7
        ids._last_v6_timestamp = time.time_ns() // 100 + 0x01B21DD213814000 + 5 * hours
        future = str(uuid6())
        ids._last_v6_timestamp = before
        assert str(uuid6()) < future
        assert hooks.ids_come_after(future)
        assert str(uuid6()) > future
        assert hooks.ids_come_after(str(uuid6()))  # never back again
        assert str(uuid6()) > future
    finally:
        ids._last_v6_timestamp = before


def test_without_that_attribute_a_clock_that_is_behind_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from langgraph.checkpoint.base import id as ids

    past = str(uuid6())
    monkeypatch.setattr(
        ids, "_last_v6_timestamp", time.time_ns() // 100 + 0x01B21DD213814000 + 10**12
    )
    future = str(uuid6())
    monkeypatch.delattr(ids, "_last_v6_timestamp")
    assert hooks.ids_come_after(past)
    assert not hooks.ids_come_after(future)


class Words(TypedDict, total=False):
    text: str
    list: Annotated[list[str], lambda old, new: old + new]


def built(saver: Any, **nodes: Callable[[Any], Any]) -> Any:
    builder = StateGraph(Words)
    previous = START
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(previous, name)
        previous = name
    builder.add_edge(previous, END)
    return builder.compile(checkpointer=saver)


def head(saver: InMemorySaver) -> Any:
    found = saver.get_tuple(AT)
    assert found
    return found


def test_checkpoints_name_the_nodes_that_are_next() -> None:
    saver = InMemorySaver()
    graph = built(saver, one=lambda _: {"text": "1"}, two=lambda _: {"text": "2"})
    graph.invoke({"text": "0"}, AT, interrupt_before=["two"])
    checkpoint = head(saver).checkpoint
    assert hooks.scheduled(checkpoint) == ["two"]
    assert [k for k in checkpoint["channel_values"] if not hooks.is_internal(k)] == ["text"]
    first = [*saver.list(AT)][-1].checkpoint
    assert hooks.scheduled(first) == ["__start__"]
    graph.invoke(None, AT)
    assert hooks.scheduled(head(saver).checkpoint) == []


def test_writes_tell_errors_and_open_questions_of_tasks() -> None:
    def fail(_: Any) -> Any:
        raise ValueError("no")

    saver = InMemorySaver()
    with pytest.raises(ValueError, match="no"):
        built(saver, one=fail).invoke({"text": ""}, AT)
    steps = hooks.Steps(head(saver).pending_writes)
    assert [error for error in steps.errors if "no" in error]
    assert (steps.outputs, steps.interrupts) == ({}, [])

    saver = InMemorySaver()
    graph = built(saver, ask=lambda _: {"text": interrupt("well?")}, one=lambda _: {})
    graph.invoke({"text": ""}, AT)
    [question] = hooks.Steps(head(saver).pending_writes).interrupts
    assert question.value == "well?"
    graph.invoke(Command(resume="yes"), AT, interrupt_before=["one"])
    assert hooks.Steps(head(saver).pending_writes).interrupts == []
    assert issubclass(GraphInterrupt, Exception)


def test_a_write_may_take_the_place_of_what_was_there() -> None:
    assert hooks.overwriting(Overwrite(["a"])) == (True, ["a"])
    assert hooks.overwriting({"__overwrite__": 1}) == (True, 1)
    assert hooks.overwriting({"a": 1}) == (False, {"a": 1})
    saver = InMemorySaver()
    graph = built(saver, one=lambda _: {"list": Overwrite(["new"])})
    assert graph.invoke({"list": ["old"]}, AT)["list"] == ["new"]


def test_a_query_runs_on_the_savers_own_connection() -> None:
    async def look() -> None:
        async with open_saver() as saver:
            graph = built(saver, one=lambda _: {"text": "1"})
            await graph.ainvoke({"text": "0"}, AT)
            assert await hooks.rows(saver, "SELECT DISTINCT thread_id FROM checkpoints") == [("t",)]
        assert await hooks.rows(InMemorySaver(), "SELECT 1") is None

    asyncio.run(look())


def test_the_saver_of_postgres_numbers_its_tables_and_lends_a_cursor() -> None:
    aio = pytest.importorskip("langgraph.checkpoint.postgres.aio")
    last = len(aio.AsyncPostgresSaver.MIGRATIONS) - 1
    assert hooks.is_migrated(aio.AsyncPostgresSaver, last)
    assert not hooks.is_migrated(aio.AsyncPostgresSaver, last - 1)
    assert not hooks.is_migrated(aio.AsyncPostgresSaver, None)
    assert callable(aio.AsyncPostgresSaver._cursor)  # what it does: tests/heavy


def test_a_node_is_told_whether_its_run_is_persisted() -> None:
    seen: list[bool] = []

    def node(_: Words, config: RunnableConfig) -> dict[str, Any]:
        seen.append(hooks.has_checkpointer(config))
        return {}

    built(InMemorySaver(), one=node).invoke({"text": ""}, AT)
    built(None, one=node).invoke({"text": ""})
    assert seen == [True, False]
    assert not hooks.has_checkpointer(None)


def test_a_model_of_the_openai_family_takes_another_client() -> None:
    import httpx
    from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel
    from langchain_openai import ChatOpenAI

    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        message = {"role": "assistant", "content": "hello"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
        return httpx.Response(200, json={**body, "choices": [choice]})

    model = ChatOpenAI(model="m", base_url="http://nowhere.invalid/v1", api_key="k")  # type: ignore[arg-type]
    assert hooks.is_openai(model)
    assert not hooks.is_openai(ParrotFakeChatModel())
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    ours = hooks.with_client(model, client)
    assert asyncio.run(ours.ainvoke("hi")).content == "hello"
    assert asked == ["http://nowhere.invalid/v1/chat/completions"]
    assert ours.root_async_client.max_retries == 0
    assert model.root_async_client is not ours.root_async_client
