"""A run on ComfyUI is killed or cancelled, and taken up again: what was queued is not lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, build_graph
from gems_graph.persistence.savers import open_saver
from gems_graph.runs.run import Run
from gems_graph.testing import ChatServer, ScriptedChat
from tests.conftest import wait_until
from tests.crash import PROCESSES, gems, run
from tests.generators.comfy_server import ComfyDouble


@contextmanager
def servers() -> Iterator[tuple[ComfyDouble, ChatServer]]:
    with ChatServer() as chat, ComfyDouble() as comfy:
        yield comfy, chat


def killed_while_it_draws(comfy: ComfyDouble, argv: list[str], env: dict[str, str]) -> str:
    """SIGKILL a run when its first job has begun; return the job."""
    comfy.go.clear()
    receiving, sending = PROCESSES.Pipe()
    process = PROCESSES.Process(target=gems, args=(argv, env, sending))
    process.start()
    sending.close()
    wait_until(comfy.begun.is_set)
    process.kill()
    process.join()
    receiving.close()
    [job] = comfy.submitted
    return job


def go_on_with_the_second_client(comfy: ComfyDouble) -> None:
    wait_until(lambda: len(comfy.clients) == 2)
    comfy.go.set()


@pytest.mark.parametrize("moment", ["done", "running", "waiting", "forgotten"])
def test_a_killed_run_finds_its_picture_and_queues_it_no_second_time(
    tmp_path: Path, moment: str
) -> None:
    home = tmp_path / "killed"
    env = {"GEMS_HOME": str(home), "GEMS_DATABASE": str(home / "trajectories.sqlite")}
    with servers() as (comfy, chat):
        argv = [
            "run", "a cat", "--json", "--mllm", "compat:m", "--mllm-url", chat.url,
            "--seed", "1", "--thread", "t", "--size", "64x48",
            "--generator", "comfyui:z-image-turbo", "--generator-url", comfy.url,
            "--out", str(home / "out"),
        ]  # fmt: skip
        job = killed_while_it_draws(comfy, argv, env)
        if moment == "waiting":
            comfy.queue.append(comfy.running)  # type: ignore[arg-type]  # as if another ran first
            comfy.running = None
        elif moment == "done":
            comfy.go.set()
            wait_until(lambda: job in comfy.history)
        elif moment == "forgotten":
            comfy.reset()
        threading.Thread(target=go_on_with_the_second_client, args=(comfy,)).start()
        ran = run(["resume", "t", "--json", "--out", str(home / "out")], env)
        assert ran.code == 0, ran
        again = moment == "forgotten"
        assert comfy.submitted == [job] * (2 if again else 1)
        drawn_before = "The server had drawn it for this same call before." in ran.out
        assert drawn_before != again
        assert len([r for r in chat.requests if r["kind"] == "decompose"]) == 1


def test_a_cancelled_run_withdraws_its_job_and_queues_it_again_when_resumed(
    tmp_path: Path, store: Store
) -> None:
    file = str(tmp_path / "trajectories.sqlite")

    async def cancel_and_resume(comfy: ComfyDouble) -> Any:
        async with open_saver(file) as saver:
            graph = build_graph(
                mllm=ScriptedChat(), generator="comfyui:z-image-turbo", generator_url=comfy.url,
                store=store, seed=1, size="64x48", checkpointer=saver, retry_wait=0,
            )  # fmt: skip
            comfy.go.clear()
            run = Run(graph, "t", lambda event: None)
            task = asyncio.create_task(run.start({"prompt": "a cat"}))
            await asyncio.to_thread(wait_until, comfy.begun.is_set)
            run.stop(at_once=True)
            await asyncio.wait([task])
            await asyncio.to_thread(wait_until, lambda: comfy.interrupted)
            comfy.go.set()
            return await Run(graph, "t", lambda event: None).resume()

    with ComfyDouble() as comfy:
        outcome = asyncio.run(cancel_and_resume(comfy))
        assert outcome.state["result"]["stop"]["reason"] == "passed"
        assert len(comfy.submitted) == 2
        assert len(set(comfy.submitted)) == 1
