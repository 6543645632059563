"""Compressor: one experience a round; a failure costs that experience, not the run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gems_graph.errors import (
    AnswerError,
    BudgetError,
    GemsError,
    ModelError,
    RefusedError,
    UnreadableError,
)
from gems_graph.nodes.compressor import compressor
from tests.nodes.tools import SETTINGS, answer, round_, state


class Tools:
    settings = SETTINGS
    failure: Exception | None = None

    async def recall(self, rounds: Any) -> list[str]:
        return ["because" for _ in rounds]

    async def ask(self, role: str, task: str, form: Any, **shown: Any) -> Any:
        if self.failure:
            raise self.failure
        assert shown["current"]["thought"] == "because"
        return answer(form, experience=" saying where helps ")


def learned(tools: Any) -> Any:
    return asyncio.run(compressor(state(round_(1, "yn")), tools))


def test_it_distils_the_last_round() -> None:
    assert learned(Tools()) == {"experiences": ["saying where helps"]}


@pytest.mark.parametrize(
    "failure",
    [UnreadableError("it rambles"), RefusedError("it will not"), ModelError("it is away")],
)
def test_a_failure_is_noted_and_the_thought_stands_in(failure: Exception) -> None:
    tools = Tools()
    tools.failure = failure
    update = learned(tools)
    assert update["experiences"] == ["because"]
    assert str(failure) in update["notes"][0]


def test_the_thought_that_stands_in_is_cut() -> None:
    class Rambling(Tools):
        async def recall(self, rounds: Any) -> list[str]:
            return ["so it is " * 100]

        async def ask(self, *_: Any, **__: Any) -> Any:
            raise UnreadableError("it rambles")

    [experience] = learned(Rambling())["experiences"]
    assert len(experience.split()) == SETTINGS.experience_words


@pytest.mark.parametrize("failure", [BudgetError("spent"), AnswerError("strict: it rambles")])
def test_a_spent_budget_ends_the_loop_and_so_does_strictness(failure: GemsError) -> None:
    tools = Tools()
    tools.failure = failure
    with pytest.raises(type(failure)):
        learned(tools)
