"""Many trajectories over several servers, some of which die, hang or answer halves."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter
from email.message import Message
from typing import Any

import pytest

from gems_graph import Store, build_graph
from gems_graph.errors import ContentRefusedError, GeneratorError
from gems_graph.testing import Fault, Flaky, Hang, ImageServer, ScriptedChat, paint
from tests.generators.strict import PictureServer, refused

TRAJECTORIES = 64


class Mortal(PictureServer):
    """A server that dies in the middle of its work: it answers so often, then never again."""

    def __init__(self, dialect: str, answers: int) -> None:
        super().__init__(dialect, delay=0.01)
        self.answers, self.died = answers, threading.Event()
        self._places = iter(range(answers))  # taken one at a time, whichever thread asks

    def _reply(self, path: str, headers: Message, body: bytes) -> Any:
        reply, delay = super()._reply(path, headers, body)
        if next(self._places, None) is not None:
            return reply, delay
        if not self.died.is_set():
            self.died.set()
            threading.Thread(target=self.__exit__).start()  # it takes no further connection
        return Fault(0), 0  # and cuts those that it has


def run_all(
    urls: str, store: Store, name: str = "openai:m", trajectories: int = TRAJECTORIES, **dials: Any
) -> list[Any]:
    """Run trajectories of two rounds each, all at once."""
    script = {"verify": {"evidence": "-", "answer": "no"}}
    graph = build_graph(
        mllm=ScriptedChat(script=script), generator=name, generator_url=urls, store=store,
        max_iterations=2, seed=1, retry_wait=0.01, concurrency=32, **dials,
    )  # fmt: skip

    async def everything() -> list[Any]:
        prompts = [{"prompt": f"cat {k}"} for k in range(trajectories)]
        return await asyncio.gather(*map(graph.ainvoke, prompts))

    return asyncio.run(everything())


def test_64_trajectories_over_three_servers_of_which_one_dies(store: Store) -> None:
    options = {"generator_options": {"dialect": "sglang"}}
    with (
        PictureServer("sglang", delay=0.01) as one,
        PictureServer("sglang", delay=0.01) as two,
        Mortal("sglang", answers=10) as three,
    ):
        outs = run_all(",".join([one.url, two.url, three.url]), store, **options)
        assert three.died.is_set()
    assert [out["result"]["stop"]["reason"] for out in outs] == ["max_iterations"] * TRAJECTORIES
    assert {len(out["rounds"]) for out in outs} == {2}
    alive = [len(one.requests), len(two.requests)]
    assert sum(alive) == 2 * TRAJECTORIES - three.answers
    assert min(alive) > 0.5 * max(alive)
    drawn = Counter(out["rounds"][0]["image"]["sha256"] for out in outs)
    assert len(drawn) > 1  # each its own picture
    retries = sum(out["ledger"]["generator"]["retries"] for out in outs)
    assert retries >= len(three.requests) - three.answers  # those cut, also before they were read


def test_a_server_that_hangs_holds_up_few(store: Store) -> None:
    """A slow machine may make the healthy one late as well, so nothing is counted to the last."""
    dials = {"generator_options": {"dialect": "sglang"}, "image_timeout": 3.0, "retries": 10}
    hangs = PictureServer("sglang", [Hang()] * 500)
    with PictureServer("sglang") as one, hangs as two:
        outs = run_all(f"{one.url},{two.url}", store, trajectories=16, **dials)
    assert {out["result"]["stop"]["reason"] for out in outs} == {"max_iterations"}
    assert len(one.requests) >= 2 * 16
    assert len(two.requests) <= 16  # most of those that were sent before the first ran out of time


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_of_every_kind_change_nothing(store: Store, seed: int) -> None:
    dials = {"generator_options": {"dialect": "sglang"}, "image_timeout": 2.0, "retries": 12}
    flaky = [Flaky(seed + k, rate=0.3, most=2) for k in range(2)]
    with (
        PictureServer("sglang", flaky=flaky[0]) as one,
        PictureServer("sglang", flaky=flaky[1]) as two,
    ):
        outs = run_all(f"{one.url},{two.url}", store, trajectories=24, **dials)
    assert {out["result"]["stop"]["reason"] for out in outs} == {"max_iterations"}
    struck = sum(sum(f.struck.values()) for f in flaky)
    assert struck > 5
    assert sum(out["ledger"]["generator"]["retries"] for out in outs) >= struck
    for k, out in enumerate(outs):
        painted = hashlib.sha256(paint(f"cat {k}", 1, (64, 64))).hexdigest()
        assert out["rounds"][0]["image"]["sha256"] == painted


def test_the_gems_protocol_takes_a_list_as_well(store: Store) -> None:
    with ImageServer() as down:
        pass
    with ImageServer(delay=0.01) as one, ImageServer(delay=0.01) as two:
        outs = run_all(f"{down.url},{one.url},{two.url}", store, "http")
    assert {out["result"]["stop"]["reason"] for out in outs} == {"max_iterations"}
    assert len(one.requests) + len(two.requests) == 2 * TRAJECTORIES
    assert min(len(one.requests), len(two.requests)) > 0.3 * TRAJECTORIES
    assert sum(out["ledger"]["generator"]["retries"] for out in outs) == 0


def test_a_refusal_is_no_round_and_is_not_repeated(store: Store) -> None:
    fault = refused("It is not allowed.", code="moderation_blocked")
    with PictureServer("openai", [fault] * 9) as server:
        graph = build_graph(
            mllm=ScriptedChat(), generator="openai:m", generator_url=server.url, store=store,
            generator_options={"dialect": "openai"}, retry_wait=0,
        )  # fmt: skip
        with pytest.raises(ContentRefusedError, match="It is not allowed"):
            graph.invoke({"prompt": "p"})
    assert len(server.requests) == 1


def test_when_all_are_down_the_run_says_so(store: Store) -> None:
    with ImageServer() as one, ImageServer() as two:
        pass
    graph = build_graph(
        mllm=ScriptedChat(), generator="http", generator_url=f"{one.url},{two.url}", store=store,
        retry_wait=0,
    )  # fmt: skip
    with pytest.raises(GeneratorError, match="cannot be reached"):
        graph.invoke({"prompt": "p"})
