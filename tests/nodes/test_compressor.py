"""Compressor: one experience a round; a failure costs that experience, not the run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gems_graph.errors import AnswerError, BudgetError, ModelError
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


@pytest.mark.parametrize("failure", [AnswerError("it rambles"), ModelError("it is away")])
def test_a_failure_is_noted(failure: Exception) -> None:
    tools = Tools()
    tools.failure = failure
    update = learned(tools)
    assert update["experiences"] == [""]
    assert str(failure) in update["notes"][0]


def test_a_spent_budget_ends_the_loop() -> None:
    tools = Tools()
    tools.failure = BudgetError("spent")
    with pytest.raises(BudgetError):
        learned(tools)
