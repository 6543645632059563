"""Decomposer: U into criteria, at most so many, and one where no model can."""

from __future__ import annotations

import asyncio
from typing import Any

from gems_graph.errors import UnreadableError
from gems_graph.nodes.decomposer import decomposer
from gems_graph.settings import Settings
from tests.nodes.tools import answer, state


class Tools:
    settings = Settings(max_criteria=2)

    async def ask(self, role: str, task: str, form: Any, **shown: Any) -> Any:
        assert (role, task) == ("decomposer", "decomposer")
        assert shown == {"user_prompt": "a cat", "most": 2}
        return answer(form, criteria=["Is it a cat?", "Is it a cat?", "?!", "Is it red?", "Big?"])


def decomposed(tools: Any, **more: Any) -> Any:
    return asyncio.run(decomposer(state(**{"criteria": [], **more}), tools))


def test_each_criterion_says_something_and_is_asked_once() -> None:
    update = decomposed(Tools())
    assert [c["question"] for c in update["criteria"]] == ["Is it a cat?", "Is it red?"]
    assert update["notes"] == ["Left out over max_criteria=2: 1 criterion."]


def test_given_criteria_are_left_alone() -> None:
    given = [{"question": "Is it?", "source": "user"}]
    assert decomposed(None, criteria=given) == {}


def test_where_no_model_can_the_request_is_the_criterion() -> None:
    class Mute(Tools):
        async def ask(self, role: str, task: str, form: Any, **shown: Any) -> Any:
            raise UnreadableError("it rambles")

    [criterion] = decomposed(Mute())["criteria"]
    assert criterion["source"] == "prompt"
    assert criterion["question"].endswith("a cat")
