"""Several servers behind one generator: who is asked next, who is left alone, who comes back."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from gems_graph.calls.retry import GarbledError
from gems_graph.calls.time_limit import time_limit
from gems_graph.errors import ConfigError
from gems_graph.generators.urls import AWAY, LONGEST_AWAY, Servers, urls_in


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fail(servers: Servers, error: BaseException) -> str:
    with suppress(type(error)), servers.turn() as url:
        raise error
    return url


def ask(servers: Servers) -> str:
    with servers.turn() as url:
        return url


def test_calls_go_in_turn_while_nobody_is_busy() -> None:
    servers = Servers(["a", "b", "c"])
    assert [ask(servers) for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]


def test_the_least_busy_is_asked() -> None:
    servers = Servers(["a", "b"])
    with servers.turn() as first, servers.turn() as second:
        assert (first, second) == ("a", "b")
        with servers.turn() as third:
            assert third == "a"
            assert ask(servers) == "b"
            assert ask(servers) == "b"


def test_one_that_failed_is_left_alone_then_tried_by_one_call() -> None:
    clock = Clock()
    servers = Servers(["a", "b"], clock)
    assert fail(servers, GarbledError("half")) == "a"
    assert [ask(servers) for _ in range(3)] == ["b", "b", "b"]
    clock.now += AWAY
    with servers.turn() as trial:
        assert trial == "a"
        with servers.turn() as other, servers.turn() as third:
            assert (other, third) == ("b", "b")
    assert ask(servers) == "a"  # it has succeeded
    with servers.turn() as x, servers.turn() as y:
        assert {x, y} == {"a", "b"}


def test_it_is_left_alone_longer_each_time_up_to_a_limit() -> None:
    clock = Clock()
    servers = Servers(["a", "b"], clock)
    for failures in range(9):
        assert fail(servers, ConnectionError()) == "a"
        pause = min(LONGEST_AWAY, AWAY * 2**failures)
        clock.now += pause - 0.01
        assert ask(servers) == "b"
        clock.now += 0.02


def test_calls_that_fail_together_are_one_outage() -> None:
    clock = Clock()
    servers = Servers(["a", "b"], clock)
    turns = [servers.turn() for _ in range(16)]
    taken = [(turn, turn.__enter__()) for turn in turns]
    for turn, url in taken:
        error = ConnectionError() if url == "a" else None
        with suppress(ConnectionError):
            turn.__exit__(type(error) if error else None, error, None)
    assert ask(servers) == "b"
    clock.now += AWAY
    assert ask(servers) == "a"


def test_where_all_failed_they_are_asked_all_the_same_soonest_first() -> None:
    clock = Clock()
    servers = Servers(["a", "b"], clock)
    fail(servers, ConnectionError())
    clock.now += 1
    fail(servers, ConnectionError())
    assert ask(servers) == "a"


@pytest.mark.parametrize("error", [ValueError("mine"), asyncio.CancelledError()])
def test_what_is_not_the_servers_fault_ejects_nobody(error: BaseException) -> None:
    servers = Servers(["a", "b"])
    assert fail(servers, error) == "a"
    assert [ask(servers), ask(servers)] == ["b", "a"]


def test_one_that_answers_too_late_is_left_alone() -> None:
    async def run() -> list[str]:
        servers = Servers(["a", "b"])
        with suppress(TimeoutError):
            async with time_limit(0.01):
                with servers.turn():
                    await asyncio.Event().wait()
        return [ask(servers), ask(servers)]

    assert asyncio.run(run()) == ["b", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "http://a:1/v1,https://b/x?y=1,2",
        "http://a:1/v1 https://b/x?y=1,2",
        "http://a:1/v1 , https://b/x?y=1,2,http://a:1/v1",
    ],
)
def test_a_list_of_addresses(text: str) -> None:
    assert urls_in(text, "") == ["http://a:1/v1", "https://b/x?y=1,2"]


@pytest.mark.parametrize("text", ["", "localhost:8000", "http://", "http://a,b", "ftp://a"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="--generator-url http://host"):
        urls_in(text, "--generator-url http://host")


def test_every_address_must_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_SERVERS", "a")
    with pytest.raises(ConfigError, match="'b:2'"):
        urls_in("http://a:1,http://b:2", "")
