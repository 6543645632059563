"""SIGINT and SIGTERM: the running node ends, the state is saved, the message says how to go on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gems_graph.cli.terminal import signals
from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import two_rounds

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


class Run:
    """`gems` in a process of its own, watched line by line."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gems_graph.cli", *arguments, "--out", "x"],
            stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stderr is not None
        self._err = self._process.stderr

    def wait_for(self, words: str) -> None:
        for line in self._err:
            if words in line:
                return
        pytest.fail(f"it ended without saying {words!r}")

    def send(self, signum: int) -> None:
        self._process.send_signal(signum)

    def end(self) -> tuple[int, str]:
        rest = self._err.read()
        return self._process.wait(timeout=60), rest


@pytest.fixture
def servers() -> Iterator[Any]:
    script = two_rounds()
    with ChatServer(script) as chat, ImageServer() as images:
        yield chat, images


def options(servers: tuple[ChatServer, ImageServer]) -> list[str]:
    chat, images = servers
    return [
        "--mllm", "compat:m", "--mllm-url", chat.url, "--generator", f"http:{images.url}",
        "--thread", "t", "--seed", "1",
    ]  # fmt: skip


def begun(images: ImageServer) -> None:
    """Wait until a picture is being drawn."""
    while not images.requests:
        time.sleep(0.01)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_running_node_end_and_saves_it(servers: Any, signum: int) -> None:
    chat, images = servers
    images._delay = 1.0
    run = Run("run", "a cat", *options(servers))
    begun(images)
    run.send(signum)
    run.wait_for("Stopping when this step is done")
    code, said = run.end()
    assert code == 128 + signum
    assert "gems resume t" in said
    assert len(images.requests) == 1  # drawn to its end, and no other begun
    assert not [r for r in chat.requests if r["kind"] == "verify"]
    images._delay = 0
    again = Run("resume", "t")
    assert again.end()[0] == 0
    assert len(images.requests) == 2  # round 1 was not drawn again


def test_a_second_ctrl_c_stops_at_once_and_keeps_what_was_checkpointed(servers: Any) -> None:
    chat, images = servers
    chat._delays = {"refine": 3600}
    run = Run("run", "a cat", *options(servers))
    while not [r for r in chat.requests if r["kind"] == "refine"]:
        time.sleep(0.01)  # round 1 is judged and kept; the Refiner is being asked
    run.send(signal.SIGINT)
    run.wait_for("Stopping when this step is done")
    run.send(signal.SIGINT)
    code, said = run.end()
    assert code == 130
    assert "Interrupted; this is the best so far" in said
    record = json.loads(Path("x/trajectory.json").read_text())
    assert (record["stop_reason"], len(record["rounds"])) == ("cancelled", 1)
    assert Path("x/image.png").is_file()
    chat._delays = {}
    assert Run("resume", "t").end()[0] == 0
    assert len(images.requests) == 2


def test_sigterm_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "GRACE", 0.01)
    told: list[str] = []

    async def work() -> int:
        with signals.stoppable(told.append) as came:
            os.kill(os.getpid(), signal.SIGTERM)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return came.signum
        return 0

    assert asyncio.run(work()) == signal.SIGTERM
    assert len(told) == 1


def test_handlers_are_gone_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def work() -> None:
        with signals.stoppable(print):
            assert signal.getsignal(signal.SIGTERM) != before

    asyncio.run(work())
    assert signal.getsignal(signal.SIGTERM) == before
