"""What is left behind by those who are cut off in the middle of a write: nothing locked."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from gems_graph import paths
from gems_graph.persistence.last import config_of
from gems_graph.persistence.savers import open_saver
from gems_graph.persistence.threads import open_threads
from tests.conftest import Gems
from tests.kept import kept


def test_a_write_that_was_cut_off_before_its_commit_locks_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sibling's error cancels it; its traceback keeps the cursor, and that the database."""
    kept_alive: list[BaseException] = []

    async def cut_off() -> None:
        async with kept() as on:
            await on.run("t")
            saver: Any = on.saver
            head = await saver.aget_tuple(config_of("t"))
            committing = asyncio.Event()

            async def hang() -> None:
                committing.set()
                await asyncio.Future()

            async def write() -> None:
                try:
                    await saver.aput_writes(head.config, [("notes", ["late"])], "task")
                except asyncio.CancelledError as error:
                    kept_alive.append(error)

            with monkeypatch.context() as patch:
                patch.setattr(saver.conn, "commit", hang)
                task = asyncio.create_task(write())
                await committing.wait()
                task.cancel()
                await task

    asyncio.run(cut_off())
    assert kept_alive
    other = sqlite3.connect(paths.database(), timeout=0)
    other.execute("BEGIN IMMEDIATE")  # "database is locked" while the cursor lives
    written = other.execute("SELECT count(*) FROM writes WHERE task_id = 'task'").fetchone()
    assert written == (1,)
    other.close()


def test_the_latest_thread_is_found_and_none_is_told_in_one_sentence(gems: Gems) -> None:
    async def latest() -> str:
        async with open_threads() as threads:
            return await threads.latest()

    async def two() -> None:
        async with kept() as on:
            await on.run("one")
            await on.run("two")

    result = gems("resume")
    assert result.code == 2
    assert result.err.startswith("gems: There is no trajectory in ")
    assert len(result.err.splitlines()) == 1
    asyncio.run(two())
    assert asyncio.run(latest()) == "two"


def test_resume_without_a_name_leaves_no_traceback() -> None:
    """`latest` stops reading after one row: the reader is closed before the database is."""
    complaints: list[Any] = []

    async def look() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        async with kept() as on:
            for name in "abc":
                await on.run(name)
        async with open_threads() as threads:
            assert await threads.latest() == "c"
            assert threads.saver.lock.locked() is False  # type: ignore[attr-defined]

    asyncio.run(look())
    assert complaints == []


def test_a_saver_may_be_opened_in_a_loop_after_another() -> None:
    async def look() -> None:
        async with open_saver() as saver:
            assert await saver.aget_tuple(config_of("t")) is None

    asyncio.run(look())
    asyncio.run(look())
