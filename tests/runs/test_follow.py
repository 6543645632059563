"""One job on a kept thread: claimed before it is read, taken up, answered, stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gems_graph.errors import UsageError
from gems_graph.events import Event
from gems_graph.persistence.last import config_of
from gems_graph.persistence.locks import claim, is_claimed
from gems_graph.persistence.threads import Threads, open_threads
from gems_graph.runs.follow import Job, follow, latest_thread
from gems_graph.runs.stopping import Stopper
from gems_graph.settings import settle
from tests.conftest import HARD


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    async with open_threads() as opened:
        yield opened


def job(prompt: str | None = HARD, **about: Any) -> Job:
    return Job("t", prompt, settings=settle({"seed": 1, **about.pop("dials", {})}), **about)


@pytest.mark.anyio
async def test_a_thread_is_claimed_before_it_is_read(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(threads, job(dials={"max_iterations": 1}))
    claimed: list[bool] = []
    read = Threads.open_end

    async def open_end(self: Threads, thread: str) -> Any:
        claimed.append(is_claimed(thread))
        return await read(self, thread)

    monkeypatch.setattr(Threads, "open_end", open_end)
    await follow(threads, job(None))
    assert claimed == [True]
    with claim("t"), pytest.raises(UsageError):
        await follow(threads, job(None))
    assert claimed == [True]  # it was not read again


@pytest.mark.anyio
async def test_what_ended_well_is_told_again_and_runs_no_more(threads: Threads) -> None:
    outcome = await follow(threads, job("a red fish"))
    heard: list[Event] = []
    again = await follow(threads, job(None), heard.append)
    assert again.state["result"] == outcome.state["result"]
    assert [event["type"] for event in heard] == ["stopped"]


@pytest.mark.anyio
async def test_a_stopped_run_has_the_best_so_far_and_is_taken_up(threads: Threads) -> None:
    stopper, heard = Stopper(), list[Event]()

    def stop_early(event: Event) -> None:
        heard.append(event)
        if event["type"] == "verdict":
            stopper.drain("enough")

    outcome = await follow(threads, job(), stop_early, stopper=stopper)
    assert (outcome.stopped_by, len(outcome.state["rounds"])) == ("enough", 1)
    assert outcome.state["result"]["stop"] == {"reason": "cancelled"}
    last: Any = heard[-1]
    assert (last["type"], last["reason"]) == ("stopped", "cancelled")
    assert last["result"] == outcome.state["result"]
    again = await follow(threads, job(take_up=True))
    assert not again.stopped_by
    assert again.state["trajectory"] == outcome.state["trajectory"]
    assert len(again.state["rounds"]) > 1


@pytest.mark.anyio
async def test_taking_up_begins_where_there_is_nothing(threads: Threads) -> None:
    outcome = await follow(threads, job("a red fish", take_up=True))
    assert outcome.state["result"]["success"]
    assert await latest_thread() == "t"


@pytest.mark.anyio
async def test_a_question_is_told_again_until_it_is_answered(threads: Threads) -> None:
    asked = await follow(threads, job("a red fish", dials={"pause": "criteria"}))
    heard: list[Event] = []
    again = await follow(threads, job(None), heard.append)
    assert (again.question, [event["type"] for event in heard]) == (asked.question, ["asked"])
    done = await follow(threads, job(None, answer=True))
    assert done.state["result"]["success"]
    with pytest.raises(UsageError):
        await follow(threads, job(None, answer=True))


@pytest.mark.anyio
@pytest.mark.parametrize("prompt", [HARD, None])
async def test_a_thread_cut_between_a_write_and_its_checkpoint_goes_on_with_its_strategy(
    threads: Threads, prompt: str | None
) -> None:
    await follow(threads, job(dials={"strategy": "original"}))
    begun = [
        each
        async for each in threads.saver.alist(config_of("t"))
        if any(channel == "settings" for _, channel, _ in each.pending_writes or [])
    ]
    assert len(begun) == 1
    config = {"configurable": {"thread_id": "cut", "checkpoint_ns": ""}}
    at = await threads.saver.aput(
        config, begun[0].checkpoint, begun[0].metadata, begun[0].checkpoint["channel_versions"]
    )
    writes = begun[0].pending_writes or []
    for task in {task for task, _, _ in writes}:
        own = [(channel, value) for by, channel, value in writes if by == task]
        await threads.saver.aput_writes(at, own, task)
    dials = {"strategy": "original"} if prompt else {}
    again = Job("cut", prompt, settings=settle({"seed": 1, **dials}), take_up=True)
    assert (await threads.strategy_of("cut")).name == "original"
    outcome = await follow(threads, again)
    assert outcome.state["result"]["image"]
    assert outcome.state["settings"]["strategy"] == "original"
