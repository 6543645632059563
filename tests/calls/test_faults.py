"""Disks, databases, files and clocks that fail: one clear error, and nothing kept is lost."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import id as ids

from gems_graph import Store, databases, paths
from gems_graph.errors import StoreError
from gems_graph.persistence import savers
from gems_graph.persistence.threads import Threads, config_of, open_threads
from gems_graph.runs.follow import Job, follow
from gems_graph.runs.outcome import Outcome
from gems_graph.settings import settle
from tests.conftest import HARD
from tests.crash import temporary
from tests.untimed import untimed


class FinishedCommand:
    """A finished `gems` of its own process."""

    def __init__(self, *arguments: str, **env: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "gems_graph.cli", *arguments],
            env={**os.environ, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def complaint(self) -> str:
        """The last line of stderr; there is never a traceback."""
        assert "Traceback" not in self.err, self.err
        return self.err.strip().splitlines()[-1]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a small disk of memory, with options; what root may do anywhere fails here, too."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "gems-test", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("needs to mount a small disk, which only root may")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.mark.parametrize("free", [20, 120, 220])
def test_a_full_disk_is_one_error_and_the_run_goes_on_when_there_is_room(
    disk: Callable[..., Path], free: int
) -> None:
    home = disk("size=3m")
    run = ("run", HARD, "--seed", "1", "--thread", "t", "--out", "out", "--quiet")
    filler = home / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    os.truncate(filler, filler.stat().st_size - free * 1024)
    full = FinishedCommand(*run, GEMS_HOME=str(home))
    assert full.code in {1, 3}, full.err
    assert any(word in full.complaint for word in ("disk", "space", "full")), full.complaint
    filler.unlink()
    again = FinishedCommand("resume", "t", "--out", "out", "--quiet", GEMS_HOME=str(home))
    if "There is no trajectory" in again.err or "start it again" in again.err:
        again = FinishedCommand(*run, GEMS_HOME=str(home))
    assert again.code == 0, again.err
    assert not temporary(home)


def test_a_read_only_folder_is_one_error(disk: Callable[..., Path]) -> None:
    home = disk("size=1m,ro")
    result = FinishedCommand("run", HARD, "--quiet", GEMS_HOME=str(home))
    assert result.code == 1
    assert "GEMS_HOME" in result.complaint


def test_an_output_folder_that_cannot_be_written_loses_nothing(disk: Callable[..., Path]) -> None:
    folder = disk("size=1m,ro")
    result = FinishedCommand(
        "run", HARD, "--seed", "1", "--thread", "t", "--out", str(folder / "out"), "-q"
    )
    assert result.code == 1
    assert "The run itself is kept" in result.complaint
    assert FinishedCommand("resume", "t", "--out", "elsewhere", "--quiet").code == 0


# ------------------------------------------------------------------ databases


def go(prompt: str | None, thread: str = "t", **dials: Any) -> Any:
    """Run, or go on, in this process."""
    return _go(Job(thread, prompt, settings=settle(dials)))


async def _go(job: Job) -> Outcome:
    async with open_threads() as threads:
        return await follow(threads, job)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(savers, "_PATIENCE", 0.2)
    monkeypatch.setattr(databases, "PATIENCE", 0.2)


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["trajectories.sqlite", "journal.sqlite"])
async def test_a_locked_database_is_one_error_and_the_run_goes_on_later(name: str) -> None:
    await go(HARD, seed=1, max_iterations=1)
    with contextlib.closing(sqlite3.connect(paths.home() / name)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=rf"{name}.*locked"):
            await go(HARD, "u", seed=1)
    outcome = await go(HARD, "u", seed=1)
    assert outcome.state["result"]["success"]
    async with open_threads() as threads:
        assert (await threads.state("t"))["result"]["total"] == 5


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["trajectories.sqlite", "journal.sqlite"])
async def test_a_database_of_garbage_is_one_error(name: str) -> None:
    paths.home().mkdir(parents=True)
    (paths.home() / name).write_bytes(b"not a database, surely" * 1000)
    with pytest.raises(StoreError, match=name):
        await go(HARD, seed=1)
    assert (paths.home() / name).read_bytes().startswith(b"not a database")


@pytest.mark.anyio
async def test_a_damaged_checkpoint_names_its_thread_and_spares_the_others() -> None:
    await go(HARD, "good", seed=1, max_iterations=1)
    await go(HARD, "bad", seed=1, max_iterations=1)
    with sqlite3.connect(paths.database()) as db:
        db.execute("UPDATE checkpoints SET checkpoint = x'c1c1' WHERE thread_id = 'bad'")
    with pytest.raises(StoreError, match=r"'bad'.*damaged"):
        await go(None, "bad")
    assert (await go(None, "good")).state["result"]["total"] == 5


# ------------------------------------------------------------------ pictures


@pytest.mark.anyio
async def test_a_deleted_picture_is_named_with_the_trajectory_that_needs_it() -> None:
    outcome = await go(HARD, seed=1)
    file = Path(Store(paths.images()).where(outcome.state["result"]["image"]["sha256"]))
    kept = file.read_bytes()
    file.unlink()
    result = FinishedCommand("resume", "t", "--out", "again", "--quiet")
    assert result.code == 1
    assert file.name in result.complaint
    assert "t" in result.complaint.split(file.name)[1]
    file.write_bytes(kept)
    assert FinishedCommand("resume", "t", "--out", "again", "--quiet").code == 0


@pytest.mark.anyio
async def test_a_picture_deleted_before_a_resume_is_drawn_again() -> None:
    """The journal knows that it was drawn; the store has lost it."""
    outcome = await go(HARD, seed=1, max_iterations=1)
    first = outcome.state["rounds"][0]["image"]["sha256"]
    async with open_threads() as threads:
        at = await before_drawing(threads, "t")
        Path(threads.store.where(first)).unlink()
        again = await threads.graph().ainvoke(None, at)
    assert again["rounds"][0]["image"]["sha256"] == first
    assert Store(paths.images()).has(first)


async def before_drawing(threads: Threads, thread: str) -> Any:
    async for snapshot in threads.graph().aget_state_history(config_of(thread)):
        if "generator" in snapshot.next:
            return snapshot.config
    raise AssertionError


# ------------------------------------------------------------------ clocks


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], None]:
    """Shift this process's clock by so many seconds, and forget the times it has seen."""

    def shift(by: Callable[[], int]) -> None:
        monkeypatch.setattr(ids, "_last_v6_timestamp", None)
        monkeypatch.setattr(time, "time", lambda now=time.time: now() + by())
        monkeypatch.setattr(time, "time_ns", lambda now=time.time_ns: now() + by() * 10**9)

    return shift


@pytest.mark.anyio
@pytest.mark.parametrize("hours", [-1, 24 * 400])
async def test_a_clock_that_jumped_before_a_resume_changes_nothing(hours: int, clock: Any) -> None:
    spent = await go(HARD, seed=1, max_images=1)
    clock(lambda: hours * 3600)
    resumed = await go(None, max_images=5)
    assert resumed.state["trajectory"] == spent.state["trajectory"]
    assert resumed.state["rounds"][0] == spent.state["rounds"][0]
    assert resumed.state["result"]["success"]
    again = await go(HARD, seed=1, max_iterations=1)  # a new trajectory on the same thread
    assert again.state["trajectory"] != spent.state["trajectory"]
    clock(lambda: 0)  # and back: it is still the head
    async with open_threads() as threads:
        assert (await threads.state("t"))["trajectory"] == again.state["trajectory"]
    assert len((await go(None)).state["rounds"]) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("jump", [-7200, 86_400 * 400])
async def test_a_clock_that_jumps_during_a_run_changes_nothing(jump: int, clock: Any) -> None:
    straight = await go(HARD, "straight", seed=1)
    began = time.monotonic()
    clock(lambda: jump if time.monotonic() - began > 0.2 else 0)
    jumped = await go(HARD, "jumped", seed=1)
    assert untimed(jumped.state["result"]) == untimed(straight.state["result"])
    assert [r["verdicts"] for r in jumped.state["rounds"]] == [
        r["verdicts"] for r in straight.state["rounds"]
    ]


@pytest.mark.anyio
async def test_where_langgraph_keeps_no_time_a_clock_that_went_back_is_one_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome = await go(HARD, seed=1, max_images=1)
    with monkeypatch.context() as patch:
        patch.delattr(ids, "_last_v6_timestamp")
        patch.setattr(time, "time_ns", lambda now=time.time_ns: now() - 3600 * 10**9)
        with pytest.raises(StoreError, match=r"clock is behind.*'t'.*set the clock"):
            await go(None)
    async with open_threads() as threads:
        assert (await threads.state("t"))["trajectory"] == outcome.state["trajectory"]
