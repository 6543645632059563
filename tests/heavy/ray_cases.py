"""Actors of a real Ray with a tiny pipeline; run by `test_ray.py`, in a network of their own."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import ray

from gems_graph import Store, build_graph, run
from gems_graph.errors import BadRequestError, ConfigError, TransientError
from gems_graph.generators import (
    GenerateRequest,
    GeneratorSpec,
    close_generators,
    encode,
    open_generator,
)
from gems_graph.generators.diffusion.presets import Preset
from gems_graph.testing import ScriptedChat, check_generator
from tests.conftest import two_rounds
from tests.heavy import tiny

SIZE = (80, 64)
SEEDS = range(3, 9)


@pytest.fixture(scope="session", autouse=True)
def _loopback() -> None:
    """Bring up the one interface of a new network; where that is forbidden, it is up."""
    up_and_running = 0x1 | 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket, suppress(OSError):
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", up_and_running))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny.saved(tiny.z_image, tmp_path_factory.mktemp("pipelines") / "z-image")


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A cluster that is there before we come: two processors, no GPU."""
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100 << 20,
        log_to_driver=False,
    )  # fmt: skip
    yield
    assert ray.is_initialized()  # whatever was drawn there
    ray.shutdown()


Opened = Callable[..., Any]


@pytest.fixture
def opened(cluster: None, folder: str) -> Iterator[Opened]:
    generators: list[Any] = []

    def make(**options: Any) -> Any:
        options = {"num_inference_steps": 3, **options}
        spec = GeneratorSpec(name=f"ray:diffusers:{folder}", options=options)
        generators.append(open_generator(spec))
        return generators[-1]

    yield make
    for generator in generators:
        asyncio.run(generator.aclose())
    _wait_until(lambda: ray.available_resources().get("CPU") == 2.0)


def _wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what Ray does by and by."""

    async def poll() -> None:
        async with asyncio.timeout(60):
            while not holds():
                await asyncio.sleep(0.05)

    asyncio.run(poll())


def inside(generator: Any, number: int, call: Callable[[Any], Any]) -> Any:
    """Return what a function of the pipeline's generator returns, in the process of an actor."""
    actor = generator._crew._seats[number].actor
    return ray.get(actor.__ray_call__.remote(lambda painter: call(painter._generator)))


def pids(generator: Any) -> list[int]:
    return [inside(generator, k, lambda _: os.getpid()) for k in range(generator._crew.size)]


async def drawn(generator: Any, seed: int = 3, **more: Any) -> list[bytes]:
    more = {"size": SIZE, **more}
    pictures = await generator.generate(GenerateRequest(prompt="a red fish", seed=seed, **more))
    return [encode(picture.data) for picture in pictures]


async def all_drawn(generator: Any) -> list[bytes]:
    pictures = await asyncio.gather(*(drawn(generator, seed) for seed in SEEDS))
    return [picture for [picture] in pictures]


def told_steps(generator: Any) -> list[tuple[int, int]]:
    steps: list[tuple[int, int]] = []
    asyncio.run(drawn(generator, progress=lambda *step: steps.append(step)))
    return steps


@pytest.mark.parametrize(
    ("address", "variable", "said"),
    [
        (
            "127.0.0.1:1",
            "",
            "cluster of Ray at 127.0.0.1:1 cannot be joined .*refused.*: set genera",
        ),
        ("", "127.0.0.1:1", "cluster of Ray at 127.0.0.1:1 cannot be joined"),
        ("", "ray://h:1", "RAY_ADDRESS is ray://h:1; it must be HOST:PORT of a cluster that"),
    ],
)
def test_a_cluster_that_is_not_there_is_told_at_once(
    address: str, variable: str, said: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", variable)
    with pytest.raises(ConfigError, match=said):
        open_generator(GeneratorSpec(name=f"ray:diffusers:{folder}", options={"address": address}))


def test_a_cluster_that_the_host_does_not_allow_is_refused(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_SERVERS", "here.example")
    spec = GeneratorSpec(name=f"ray:diffusers:{folder}", options={"address": "10.1.1.1:6379"})
    with pytest.raises(ConfigError, match=r"'10\.1\.1\.1:6379' is not among those that GEMS_"):
        open_generator(spec)


def test_a_cluster_of_our_own_ends_with_us(folder: str) -> None:
    """Comes first, while there is none."""
    spec = GeneratorSpec(name=f"ray:diffusers:{folder}", options={"actors": 1})
    generator: Any = open_generator(spec)
    assert ray.is_initialized()
    assert told_steps(generator)
    asyncio.run(generator.aclose())
    assert not ray.is_initialized()


# ------------------------------------------------------------------ pictures


def test_two_actors_draw_what_one_draws_and_survive_the_kill_of_one(opened: Opened) -> None:
    one = opened(actors=1)
    alone, batch = asyncio.run(all_drawn(one)), asyncio.run(drawn(one, n=3))
    asyncio.run(one.aclose())
    two = opened(actors=2)
    first, second = before = pids(two)
    assert first != second
    assert two.capabilities.concurrency == 2
    assert asyncio.run(all_drawn(two)) == alone
    for _ in before:  # by the one and by the other
        assert asyncio.run(drawn(two, n=3)) == batch

    async def killed_midway() -> list[bytes]:
        loop, started = asyncio.get_running_loop(), asyncio.Event()

        def told(_done: int, _of: int) -> None:
            loop.call_soon_threadsafe(started.set)

        slow = asyncio.create_task(drawn(two, steps=900, progress=told))
        await started.wait()
        busy = next(seat for seat in two._crew._seats if seat.busy)
        os.kill(before[busy.number], signal.SIGKILL)
        with pytest.raises(TransientError, match="An actor of Ray died, and is made anew: "):
            await slow
        return await all_drawn(two)

    assert asyncio.run(killed_midway()) == alone
    after = pids(two)
    assert len({*before, *after}) == 3


def test_a_trajectory_outlives_an_actor(opened: Opened, folder: str, tmp_path: Path) -> None:
    def graph() -> Any:
        return build_graph(
            mllm=ScriptedChat(script=two_rounds()), generator=f"ray:diffusers:{folder}",
            store=Store(tmp_path / "store"), seed=1, size="80x64", steps=3, retry_wait=0,
            generator_options={"actors": 1},
        )  # fmt: skip

    def pictures(state: Any) -> list[str]:
        return [round_["image"]["sha256"] for round_ in state["rounds"]]

    whole = graph().invoke({"prompt": "a cat"})
    made = whole["rounds"][0]["image"]["made"]
    assert made["generator"] == f"ray:diffusers:{folder}"
    assert (made["pipeline"], made["steps"]) == ("ZImagePipeline", 3)

    from gems_graph.generators import pool

    [entry] = pool._pool(os.getpid())._entries.values()
    [pid] = pids(entry.generator)

    async def killed() -> Any:
        state = None
        modes: Any = ["custom", "values"]
        async for mode, event in graph().astream({"prompt": "a cat"}, stream_mode=modes):
            if mode == "values":
                state = event
            elif "step" in str(event):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await close_generators()
        return state

    assert pictures(asyncio.run(killed())) == pictures(whole)


def test_a_cancelled_picture_ends_at_its_next_step(opened: Opened) -> None:
    generator = opened(actors=1)

    def count(given: Any) -> None:
        calls: list[int] = []
        given.given.transformer.register_forward_pre_hook(lambda *_: calls.append(1))
        given.calls = calls

    inside(generator, 0, count)

    async def cancelled() -> None:
        loop, started = asyncio.get_running_loop(), asyncio.Event()

        def told(_done: int, _of: int) -> None:
            loop.call_soon_threadsafe(started.set)

        task = asyncio.create_task(drawn(generator, steps=900, progress=told))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    told_steps(generator)  # in the same thread, so after what was cancelled
    assert 4 <= inside(generator, 0, lambda given: len(given.calls)) < 900


def test_it_keeps_the_word_of_a_generator(opened: Opened) -> None:
    generator = opened(actors=2)
    for number in range(2):  # so that ratios are of small pictures
        inside(
            generator, number,
            lambda given: setattr(given, "_preset", Preset("tiny", (96, 96), {})),
        )  # fmt: skip
    held = asyncio.run(check_generator(generator, size=SIZE))
    assert {"it edits a picture", "it tells its steps in order, up to the last"} <= {*held}


# ------------------------------------------------------------------ what cannot be


def test_errors_of_a_pipeline_come_out_of_its_actor(opened: Opened) -> None:
    generator = opened(actors=1)
    [pid] = pids(generator)
    with pytest.raises(BadRequestError, match="multiples of 16, not 72x64: set size=64x64"):
        asyncio.run(drawn(generator, size=(72, 64)))
    assert told_steps(generator)[-1] == (3, 3)
    assert pids(generator) == [pid]


def test_an_actor_that_lost_its_device_is_made_anew(opened: Opened) -> None:
    generator = opened(actors=1)
    [pid] = pids(generator)

    def lose(given: Any) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

        given.given.transformer.register_forward_pre_hook(fail)

    inside(generator, 0, lose)
    with pytest.raises(TransientError, match="cannot draw, and is made anew: CUDA error: an illeg"):
        asyncio.run(drawn(generator))
    assert told_steps(generator)[-1] == (3, 3)
    assert pids(generator) != [pid]


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "room": (
        {"actors": 3, "wait": 0.5},
        "no room for 3 actors with 1 CPU each in 0.5 s; 2 of 2 CPUs are free: set generator_opt",
    ),
    "GPUs": (
        {"gpus": 1, "wait": 0.5},
        "1 actors with 1 CPU and 1 GPU each in 0.5 s; 2 of 2 CPUs are free and 0 of 0 GPUs are",
    ),
    "option": ({"sampler": "euler"}, "takes no option 'sampler'; it takes .*cfg_normalization"),
    "device": ({"device": "cuda"}, "no device 'cuda' here: set the option device to cpu"),
    "model": ({"folder": "/none/at/all"}, "There is no folder '/none/at/all'"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_cannot_be_had_is_refused_before_a_chat_call(
    case: str, opened: Opened, folder: str, tmp_path: Path
) -> None:
    options, said = UNFIT[case]
    chat = ScriptedChat()
    with pytest.raises(ConfigError, match=said):
        run("p", mllm=chat, generator=f"ray:diffusers:{folder}", store=Store(tmp_path / "store"),
            generator_options=options)  # fmt: skip
    assert not chat._asked


def test_a_process_draws_in_one_cluster(opened: Opened) -> None:
    generator = opened(actors=1)
    with pytest.raises(ConfigError, match="can join one at a time"):
        opened(actors=1, address="10.1.1.1:6379")
    assert told_steps(generator)
