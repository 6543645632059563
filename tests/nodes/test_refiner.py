"""Refiner: the next prompt and its thought; restarts from the best when nothing gets better."""

from __future__ import annotations

import asyncio
from typing import Any

from gems_graph.nodes.refiner import refiner
from gems_graph.settings import Settings
from tests.nodes.tools import NOTHING, answer, round_, state


class Tools:
    def __init__(self, **dials: Any) -> None:
        self.settings, self.shown = Settings(**dials), {}

    async def recall(self, rounds: Any) -> list[str]:
        return ["" for _ in rounds]

    async def keep(self, thought: str) -> Any:
        return {**NOTHING, "text": thought}

    async def ask(self, role: str, task: str, form: Any, **shown: Any) -> Any:
        self.shown = shown
        return answer(form, prompt=" a red cat ", rationale="say its colour")


def refined(tools: Any, *rounds: Any) -> Any:
    return asyncio.run(refiner(state(*rounds), tools))["attempt"]


def test_it_writes_the_next_prompt_and_says_why() -> None:
    tools = Tools()
    attempt = refined(tools, round_(1, "yn"))
    assert (attempt["n"], attempt["prompt"], attempt["origin"]) == (2, "a red cat", "refiner")
    assert attempt["thought"]["text"] == "say its colour"
    assert [v["answer"] for v in tools.shown["current"]["verdicts"]] == ["yes", "no"]


def test_stuck_it_refines_the_best_round() -> None:
    tools = Tools(stagnation=1)
    attempt = refined(tools, round_(1, "yn"), round_(2, "nn"))
    assert attempt["origin"] == "best"
    assert tools.shown["current"]["n"] == 1


def test_stuck_it_may_draw_the_best_prompt_anew_without_asking() -> None:
    tools = Tools(stagnation=1, on_stagnation="reseed")
    attempt = refined(tools, round_(1, "yn"), round_(2, "nn"))
    assert (attempt["prompt"], attempt["origin"], tools.shown) == ("prompt 1", "seed", {})


def test_a_candidate_that_failed_leaves_a_gap_and_nothing_is_mixed_up() -> None:
    tools = Tools(memory="thought")
    attempt = refined(tools, round_(1, "yn"), round_(3, "nn"))
    assert attempt["n"] == 4
    assert tools.shown["current"]["n"] == 3
    assert [view["n"] for view in tools.shown["history"]] == [1]
