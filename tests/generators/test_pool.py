"""Open generators are shared, few, and closed when others need room; never while they draw."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from typing import Any

import pytest

from gems_graph import Store, build_graph, plugins
from gems_graph.generators import GeneratorSpec, close_generators, lent
from gems_graph.generators.pool import Pool
from gems_graph.testing import Painter, ScriptedChat

OPENED: list[Closing] = []


class Closing(Painter):
    """A painter that can be closed."""

    def __init__(self, argument: str) -> None:
        super().__init__()
        self.argument = argument
        self.closed: list[Any] = []

    async def aclose(self) -> None:
        self.closed.append(asyncio.get_running_loop())
        if self.argument == "broken":
            msg = "no"
            raise ValueError(msg)


def opener(argument: str, spec: GeneratorSpec) -> Closing:
    OPENED.append(Closing(argument))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def _plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    load = plugins.load
    monkeypatch.setattr(
        plugins,
        "load",
        lambda room, name, *how: opener if name == "closing" else load(room, name, *how),
    )
    OPENED.clear()
    yield
    asyncio.run(close_generators())


def spec(name: str) -> GeneratorSpec:
    return GeneratorSpec(name=f"closing:{name}")


async def use(generators: Pool, *names: str) -> None:
    for name in names:
        async with generators.lent(spec(name)):
            pass


def names(*, closed: bool) -> list[str]:
    return [each.argument for each in OPENED if bool(each.closed) is closed]


def test_the_same_spec_shares_one_and_the_longest_unused_goes() -> None:
    asyncio.run(use(Pool(size=2), "a", "b", "a", "c", "a"))
    assert [each.argument for each in OPENED] == ["a", "b", "c"]
    assert names(closed=True) == ["b"]


def test_two_that_start_together_open_it_once() -> None:
    async def both() -> None:
        generators = Pool()
        await asyncio.gather(*(use(generators, "a") for _ in range(8)))

    asyncio.run(both())
    assert names(closed=False) == ["a"]


def test_one_that_draws_is_closed_only_afterwards() -> None:
    async def run() -> None:
        generators = Pool(size=1)
        async with generators.lent(spec("a")):
            await use(generators, "b", "c")
            assert names(closed=True) == ["b"]
            await generators.close()
            assert names(closed=True) == ["b", "c"]
        assert names(closed=True) == ["a", "b", "c"]

    asyncio.run(run())


def test_options_open_another_and_limits_and_price_do_not() -> None:
    base = spec("a")
    same = base.model_copy(update={"concurrency": 2, "price": 1.0})
    other = base.model_copy(update={"options": {"steps": 8}})
    assert base.identity == same.identity != other.identity
    turned = GeneratorSpec(name="x", options={"b": 1, "a": 2}).identity
    assert turned == GeneratorSpec(name="x", options={"a": 2, "b": 1}).identity


def test_one_that_cannot_be_closed_is_warned_of_and_costs_nobody_a_picture() -> None:
    with pytest.warns(RuntimeWarning, match="'painter' could not be closed"):
        asyncio.run(use(Pool(size=1), "broken", "a"))
    assert names(closed=False) == ["a"]


def test_it_is_closed_on_the_loop_that_its_clients_live_on(store: Store) -> None:
    graph = build_graph(mllm=ScriptedChat(), generator="closing:a", store=store, max_iterations=1)
    graph.invoke({"prompt": "p"})
    asyncio.run(close_generators())
    [loop] = OPENED[0].closed
    assert loop.is_running()  # the background loop, which goes on
    graph.invoke({"prompt": "p"})
    assert len(OPENED) == 2  # opened anew


def _in_a_child(queue: Any) -> None:
    async def run() -> None:
        async with lent(spec("a")):
            queue.put([os.getpid(), len(OPENED), len(names(closed=True))])

    asyncio.run(run())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX only")
def test_a_forked_child_opens_its_own_and_closes_none_of_its_parents() -> None:
    async def mine() -> None:
        async with lent(spec("a")):
            pass

    asyncio.run(mine())
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_a_child, args=(queue,))
    child.start()
    assert queue.get(timeout=30) == [child.pid, 2, 0]
    child.join()
