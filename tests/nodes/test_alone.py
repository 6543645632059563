"""Planner and Verifier alone, each with a toolbox of a few lines."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from gems_graph.errors import RefusedError
from gems_graph.nodes.planner import planner
from gems_graph.nodes.verifier import verifier
from gems_graph.settings import Settings
from tests.nodes.tools import NOTHING, PICTURE, answer, attempt, state


class Mind:
    """A Planner's: no skill helps, and the request may be enhanced."""

    def __init__(self, **dials: Any) -> None:
        self.settings, self.tasks = Settings(**dials), list[str]()

    async def skills(self) -> Any:
        return SimpleNamespace(notes=[], problems=[], manifest=[])

    async def keep(self, thought: str) -> Any:
        return {**NOTHING, "text": thought}

    async def ask(self, role: str, task: str, form: Any, **shown: Any) -> Any:
        self.tasks.append(task)
        return answer(form, "because", prompt=f"{shown['user_prompt']}, in the sun")


def test_without_a_skill_the_first_prompt_is_the_request() -> None:
    mind = Mind()
    update = asyncio.run(planner(state(), mind))  # type: ignore[arg-type]
    assert (update["attempt"]["prompt"], update["attempt"]["n"], mind.tasks) == ("a cat", 1, [])


def test_enhanced_it_is_rewritten_and_the_thought_kept() -> None:
    mind = Mind(enhance=True)
    update = asyncio.run(planner(state(), mind))  # type: ignore[arg-type]
    assert update["attempt"]["prompt"] == "a cat, in the sun"
    assert update["attempt"]["thought"]["text"] == "because"
    assert mind.tasks == ["planner_enhance"]


class Eyes:
    """A Verifier's: yes to the first criterion, and a refusal to the second."""

    settings = Settings()

    async def ask_each(self, role: str, task: str, form: Any, cases: Any, **_: Any) -> list[Any]:
        assert [case["picture"] for case in cases] == [PICTURE] * 2
        return [answer(form, answer=" Yes ", evidence="seen"), RefusedError("it will not")]


def test_each_criterion_has_a_verdict_and_a_refused_one_is_unsure() -> None:
    drawn = attempt(1, image=PICTURE)
    [round_] = asyncio.run(verifier(state(attempt=drawn), Eyes()))["rounds"]  # type: ignore[arg-type]
    assert [verdict["answer"] for verdict in round_["verdicts"]] == ["yes", "unsure"]
    assert (round_["n"], round_["image"]) == (1, PICTURE)
