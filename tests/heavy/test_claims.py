"""Hosts without a common folder share threads in one PostgreSQL: one works on each, no two."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gems_graph.errors import StoreError, UsageError
from gems_graph.persistence import advisory
from gems_graph.persistence.advisory import Hold, Session
from gems_graph.persistence.postgres_claims import PostgresClaims, key_of
from gems_graph.testing import ChatServer, Hang, ImageServer
from tests.conftest import criteria, wait_until

pytestmark = pytest.mark.heavy
NAMES = ["t", "", "a\x00b", "\udc80", "x" * 10_000, "一只猫 🐈"]


class Host:
    """A machine: a home of its own, and commands that run on it."""

    def __init__(self, home: Path, database: str) -> None:
        home.mkdir()
        self._env = {**os.environ, "GEMS_HOME": str(home), "GEMS_DATABASE": database}
        self._folder = home

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "gems_graph.cli", *arguments],
            env=self._env, cwd=self._folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def gems(self, *arguments: str) -> tuple[int, str, str]:
        child = self.start(*arguments)
        out, err = child.communicate(timeout=120)
        return child.returncode, out, err


@pytest.fixture
def hosts(tmp_path: Path, postgres: str) -> tuple[Host, Host]:
    return Host(tmp_path / "one", postgres), Host(tmp_path / "two", postgres)


@pytest.fixture
def servers() -> Iterator[tuple[ChatServer, ImageServer]]:
    with ChatServer({"decompose": criteria(1)}) as chat, ImageServer([Hang()]) as images:
        yield chat, images


def test_a_thread_is_refused_to_another_host_until_the_first_is_killed(
    hosts: tuple[Host, Host], servers: tuple[ChatServer, ImageServer]
) -> None:
    (one, two), (chat, images) = hosts, servers
    first = one.start(
        "run", "a cat", "--thread", "t", "--mllm", "compat:m", "--mllm-url", chat.url,
        "--generator", f"http:{images.url}", "--seed", "1", "-q",
    )  # fmt: skip
    assert images.hanging.wait(120)
    for refused in (["resume", "t"], ["rm", "t", "--yes"], ["run", "a dog", "--thread", "t"]):
        code, _, err = two.gems(*refused)
        assert code in (1, 2)
        assert "t is being worked on by another process, here or on another machine" in err
    assert [line["state"] for line in json.loads(two.gems("history", "--json")[1])] == ["running"]
    assert "t is being worked on" in two.gems("resume", "--all")[2]
    first.send_signal(signal.SIGKILL)
    first.wait()
    code, out, err = two.gems("resume", "t", "--json", "-q")  # at once: nobody waits for a lease
    assert code == 0, err
    assert json.loads(out)["result"]["success"]
    assert len(images.requests) == 2
    assert [line["state"] for line in json.loads(one.gems("history", "--json")[1])] == ["passed"]
    first.communicate()


# ------------------------------------------------------------------ one connection


class Connections:
    """Those to one database."""

    def __init__(self, server: str, url: str) -> None:
        self._server = server
        self.database = "gems_" + url.partition("/gems_")[2].partition("?")[0]

    def _query(self, what: str) -> list[Any]:
        sql = f"SELECT {what} FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self._server, autocommit=True) as db:
            return db.execute(sql.encode(), (self.database,)).fetchall()

    def __len__(self) -> int:
        return len(self._query("pid"))

    def end(self) -> None:
        """End all, and wait until they are gone."""
        self._query("pg_terminate_backend(pid)")
        wait_until(lambda: len(self) == 0)

    def forbid(self) -> None:
        """Let nobody connect any more."""
        with psycopg.connect(self._server, autocommit=True) as db:
            db.execute(f'ALTER DATABASE "{self.database}" ALLOW_CONNECTIONS false'.encode())
        self.end()


@pytest.fixture
def connections(postgres: str, server: str) -> Connections:
    return Connections(server, postgres)


def other(url: str, thread: str) -> Session | None:
    """Take a thread as another host would; None where it is taken."""
    session = Session(url)
    return session if session.take(Hold(key_of(thread), lambda: None)) else None


def go(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario, 120))


def test_any_names_are_held_on_one_connection_that_ends_with_the_last(
    postgres: str, connections: Connections
) -> None:
    async def scenario() -> None:
        claims = PostgresClaims(postgres)
        holds = [claims.hold(name) for name in NAMES]
        for hold in holds:
            await hold.__aenter__()
        assert len(connections) == 1
        busy = await PostgresClaims(postgres).busy()
        assert [name in busy for name in [*NAMES, "nobody's"]] == [True] * len(NAMES) + [False]
        for name in NAMES:
            with pytest.raises(UsageError):
                async with PostgresClaims(postgres).hold(name):
                    pass
            assert other(postgres, name) is None
        for hold in holds:
            await hold.__aexit__(None, None, None)
        assert not [name for name in NAMES if name in await claims.busy()]
        wait_until(lambda: len(connections) == 0)
        async with claims.hold("t"):
            pass

    go(scenario())


def test_a_lost_connection_takes_its_locks_again(postgres: str, connections: Connections) -> None:
    async def scenario() -> None:
        claims = PostgresClaims(postgres)
        async with claims.hold("t"), claims.hold("u"):
            connections.end()
            assert claims._session.check()
            assert other(postgres, "t") is None
            connections.end()
            async with claims.hold("v"):  # a new claim finds out by itself
                assert other(postgres, "u") is None
        assert other(postgres, "t") is not None

    go(scenario())


def test_who_lost_his_thread_to_another_host_is_stopped(
    postgres: str, connections: Connections
) -> None:
    went_on = []

    async def work(claims: PostgresClaims) -> None:
        async with claims.hold("t"):
            connections.end()
            assert other(postgres, "t")
            claims._session.check()
            await asyncio.sleep(60)  # a model that takes long
            went_on.append("t")

    async def scenario() -> None:
        claims = PostgresClaims(postgres)
        async with claims.hold("mine"):
            with pytest.raises(StoreError, match=r"'t' was lost.*gems resume t"):
                await work(claims)
            await asyncio.sleep(0)  # the task itself goes on
            went_on.append("mine")
            assert other(postgres, "mine") is None

    go(scenario())
    assert went_on == ["mine"]


def test_a_run_that_takes_the_cancelling_for_its_own_is_told_all_the_same(
    postgres: str, connections: Connections
) -> None:
    async def work(claims: PostgresClaims) -> None:
        async with claims.hold("t"):
            connections.end()
            assert other(postgres, "t")
            claims._session.check()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return  # as after Ctrl-C: with the best picture so far

    async def scenario() -> None:
        with pytest.raises(StoreError, match="was lost"):
            await work(PostgresClaims(postgres))

    go(scenario())


def test_the_connection_is_looked_at_without_being_asked(
    postgres: str, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisory, "_EVERY", 1.0)
    rivals = []

    def steal() -> None:
        while not (rival := other(postgres, "t")):  # as we are quick to take it again
            connections.end()
        rivals.append(rival)

    async def work() -> None:
        async with PostgresClaims(postgres).hold("t"):
            await asyncio.gather(asyncio.to_thread(steal), asyncio.sleep(60))

    async def scenario() -> None:
        with pytest.raises(StoreError, match="was lost"):
            await work()

    go(scenario())
    assert rivals


def test_without_any_server_for_long_enough_the_work_is_stopped(
    postgres: str, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(claims: PostgresClaims) -> None:
        async with claims.hold("t"):
            connections.forbid()
            claims._session.check()
            await asyncio.sleep(0)  # the server may come back
            monkeypatch.setattr(advisory, "_GRACE", 0.0)
            claims._session.check()
            await asyncio.sleep(60)

    async def scenario() -> None:
        claims = PostgresClaims(postgres)
        with pytest.raises(StoreError, match="was lost"):
            await work(claims)
        with pytest.raises(StoreError, match="PostgreSQL failed"):
            await work(claims)
        with pytest.raises(StoreError, match="PostgreSQL failed"):
            await claims.busy()

    go(scenario())


def test_a_claim_that_is_cancelled_while_it_is_made_is_not_left_behind(postgres: str) -> None:
    async def scenario() -> None:
        claims = PostgresClaims(postgres)

        async def hold() -> None:
            async with claims.hold("t"):
                await asyncio.sleep(60)

        for tick in range(20):
            task = asyncio.create_task(hold())
            await asyncio.sleep(tick / 1000)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        async with claims.hold("t"):
            pass

    go(scenario())


def test_two_of_one_process_exclude_each_other(postgres: str) -> None:
    async def scenario() -> None:
        done, refused = [], []

        async def one() -> None:
            try:
                async with PostgresClaims(postgres).hold("t"):
                    await asyncio.sleep(1)
                    done.append(1)
            except UsageError:
                refused.append(1)

        await asyncio.gather(*(one() for _ in range(5)))
        assert (len(done), len(refused)) == (1, 4)

    go(scenario())
