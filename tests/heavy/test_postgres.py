"""Trajectories and their journal in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, build_graph, paths
from gems_graph.calls.journal import Amount, Call, Caps, Journal
from gems_graph.errors import BudgetError, StoreError
from gems_graph.persistence.savers import open_saver
from gems_graph.persistence.threads import config_of, open_threads
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import HARD, two_rounds

pytestmark = pytest.mark.heavy
SCRIPT = two_rounds()


@pytest.fixture(autouse=True)
def _in_postgres(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_DATABASE", postgres)


def gems(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gems_graph.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_trajectory_is_kept_shown_and_resumed_by_another_process() -> None:
    first = gems("run", HARD, "--seed", "1", "--thread", "t", "--json", "-q")
    assert first.returncode == 0, first.stderr
    again = gems("resume", "t", "--json", "-q")
    assert json.loads(again.stdout)["rounds"] == json.loads(first.stdout)["rounds"]
    assert not list(paths.home().glob("*.sqlite"))  # nothing on the side


def test_a_replay_pays_for_nothing(store: Store) -> None:
    chat, painter = ScriptedChat(script=SCRIPT), Painter()

    async def twice() -> tuple[Any, Any]:
        async with open_saver() as saver:
            graph = build_graph(
                mllm=chat, generator=painter, store=store, checkpointer=saver, seed=1
            )
            one = await graph.ainvoke({"prompt": "p"}, config_of("t"), durability="sync")
            async for snapshot in graph.aget_state_history(config_of("t")):
                if "planner" in snapshot.next:
                    return one, await graph.ainvoke(None, snapshot.config, durability="sync")
        raise AssertionError

    one, two = asyncio.run(twice())
    assert one["rounds"] == two["rounds"]
    assert len(painter.calls) == 2


def test_caps_hold_and_a_reservation_that_was_refused_is_not_kept(postgres: str) -> None:
    journal, caps = Journal(postgres), Caps(images=1)
    entry = journal.start(Call("s", Amount(images=1), key="k"), caps).result()
    with pytest.raises(BudgetError, match="1 of 1"):
        journal.start(Call("s", Amount(images=1)), caps).result()
    journal.settle(entry.number, Amount(images=1), "kept").result()
    assert journal.start(Call("s", Amount(images=1), key="k"), caps).result().artifact == "kept"


def test_the_journal_connects_again_after_the_server_dropped_it(postgres: str, server: str) -> None:
    import psycopg

    journal = Journal(postgres)
    journal.start(Call("s", Amount(images=1)), Caps()).result()
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (postgres.partition("/gems_")[2].partition("?")[0].join(["gems_", ""]),),
        )
    assert journal.start(Call("s", Amount(images=1)), Caps()).result().number == 2


def test_the_first_use_by_many_at_once_makes_the_tables_once() -> None:
    async def open_one() -> None:
        async with open_saver() as saver:
            assert [each async for each in saver.alist(None)] == []

    async def all_() -> None:
        await asyncio.gather(*[open_one() for _ in range(12)])

    asyncio.run(all_())


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:1/none", "postgresql:///none?host=/none"])
def test_a_server_that_is_not_there_is_one_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_DATABASE", url)

    async def look() -> None:
        async with open_threads():
            pass

    with pytest.raises(StoreError):
        asyncio.run(look())
    with pytest.raises(StoreError):
        Journal(url).start(Call("s", Amount()), Caps()).result()


def test_the_password_is_in_no_error_and_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEMS_DATABASE", "postgresql://user:sentinel@127.0.0.1:1/none")
    result = gems("run", "one red fish", "--out", "x")
    assert result.returncode == 1
    assert "sentinel" not in result.stdout + result.stderr
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and b"sentinel" in f.read_bytes()]
