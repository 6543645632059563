"""Runs of the page: what events come to, the queue, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gems_graph.errors import UsageError
from gems_graph.page.folding import Folding
from gems_graph.page.forms import Form, answer_in, settings_in
from gems_graph.page.live import MOST_OF_ONE, Live, Runs
from gems_graph.page.streaming import pieces_of
from gems_graph.persistence.threads import open_threads
from gems_graph.runs.follow import Job, follow
from gems_graph.settings import Settings
from tests.conftest import HARD

KEYS = ("n", "prompt", "seed", "verdicts")


def within(work: Callable[[Any], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with open_threads() as threads:
            await work(threads)

    asyncio.run(opened())


@pytest.mark.parametrize("strategy", ["gems", "search", "maestro", "craft"])
def test_folded_events_are_the_state(strategy: str) -> None:
    async def work(threads: Any) -> None:
        folding = Folding({})
        settings = Settings(seed=1, max_iterations=2, strategy=strategy)
        outcome = await follow(threads, Job("t", HARD, settings=settings), folding.take)
        kept = {
            each["n"]: {key: each[key] for key in KEYS} | {"image": each["image"]["sha256"]}
            for each in outcome.state["rounds"]
        }
        folded = {
            each["n"]: {key: each[key] for key in KEYS} | {"image": each["image"]["sha256"]}
            for each in folding.state["rounds"]
        }
        assert folded == kept
        assert folding.state["criteria"] == outcome.state["criteria"]
        assert folding.state["experiences"] == outcome.state.get("experiences", [])

    within(work)


def test_the_next_prompt_is_shown_with_its_changes_before_its_picture() -> None:
    async def work(threads: Any) -> None:
        live, shown = Live(Job("t", HARD), "me-", {}), list[str]()
        runs = Runs(threads, at_once=1)

        def take(event: Any) -> None:
            live.take(event)
            if event["type"] == "round_started":
                shown.extend(p.html for p in pieces_of(live, runs) if p.slot == "rounds")

        settings = Settings(seed=1, max_iterations=2)
        await follow(threads, Job("t", HARD, settings=settings), take)
        assert ["Being drawn" in html for html in shown] == [True, False, True]
        assert "<ins>" in shown[-1]

    within(work)


def test_one_waits_while_another_draws_and_can_be_stopped_for_nothing() -> None:
    async def work(threads: Any) -> None:
        runs = Runs(threads, at_once=1)
        settings = Settings(seed=1, max_iterations=1)
        first, second = (
            runs.begin(Job(name, "a red fish", settings=settings), "me-") for name in "ab"
        )
        assert runs.ahead_of(second) == 1
        runs.stop("b")
        async for _ in second.versions(60, 0):
            pass
        assert first.over
        assert not first.error
        assert "nothing was paid" in second.error
        assert runs.failed("b") is second
        assert runs.find("a") is runs.find("b") is None

    within(work)


def test_nobody_queues_more_than_their_share() -> None:
    async def work(threads: Any) -> None:
        runs = Runs(threads, at_once=1)
        for k in range(MOST_OF_ONE):
            runs.begin(Job(f"t{k}", "a red fish"), "me-")
        with pytest.raises(UsageError, match="Too many"):
            runs.begin(Job("more", "a red fish"), "me-")
        with pytest.raises(UsageError, match="already"):
            runs.begin(Job("t0", "a red fish"), "you-")
        for k in range(MOST_OF_ONE):
            runs.stop(f"t{k}", at_once=True)
        await runs.close()

    within(work)


VERDICT = {
    "kind": "verdict",
    "verdicts": [{"n": 1, "answer": "yes"}, {"n": 2, "answer": "no"}],
}
CRITERIA = {"kind": "criteria", "criteria": [{"question": "Is there A?"}], "prompt": "an A"}


@pytest.mark.parametrize(
    ("question", "fields", "answer"),
    [
        (VERDICT, {"verdict-1": "yes", "verdict-2": "no"}, True),
        (VERDICT, {"verdict-1": "yes", "verdict-2": "yes"}, {"verdicts": {"2": "yes"}}),
        (VERDICT, {"prompt": " more "}, {"prompt": "more"}),
        (VERDICT, {"do": "accept", "prompt": "x"}, {"accept": True}),
        (CRITERIA, {"criteria": "Is there A?\n\n", "prompt": "an A"}, True),
        (CRITERIA, {"criteria": "Is there B?", "prompt": "an A"}, {"criteria": ["Is there B?"]}),
        (CRITERIA, {"criteria": "Is there A?", "prompt": "a B"}, {"prompt": "a B"}),
    ],
)
def test_a_form_is_an_answer(question: Any, fields: dict[str, str], answer: Any) -> None:
    assert answer_in(Form({name: [value] for name, value in fields.items()}), question) == answer


def test_a_form_wins_over_the_server_and_empty_fields_say_nothing() -> None:
    form = Form({"max_iterations": ["4"], "seed": [""], "more": ["variations = 2"]})
    settings = settings_in(form, Settings(seed=7, max_iterations=2), here=False)
    assert (settings.max_iterations, settings.seed, settings.variations) == (4, 7, 2)
