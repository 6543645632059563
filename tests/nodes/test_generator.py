"""Generator: seeds by round, and the criteria of picked skills join before anything is judged."""

from __future__ import annotations

import asyncio
from typing import Any

from gems_graph.nodes.generator import generator
from gems_graph.settings import Settings
from tests.nodes.tools import PICTURE, attempt, round_, state


class Tools:
    def __init__(self, **dials: Any) -> None:
        self.settings = Settings(seed=7, **dials)

    async def draw(self, prompt: str, seed: int, n: int, *, sides: set[int], **sources: Any) -> Any:
        self.sides, self.sources = sides, sources
        return [{"seed": seed + k, "image": PICTURE} for k in range(n)]


def drawn(tools: Any, *rounds: Any, **more: Any) -> Any:
    return asyncio.run(generator(state(*rounds, **more), tools))


def test_each_round_has_the_next_seed() -> None:
    assert drawn(Tools(), attempt=attempt(1))["attempt"]["seed"] == 7
    third = drawn(Tools(), round_(1, "n"), round_(2, "n"), attempt=attempt(3))["attempt"]
    assert (third["seed"], third["image"]) == (9, PICTURE)


def test_variations_have_seeds_of_their_own_in_every_round_and_none_is_too_large() -> None:
    tools = Tools(variations=3)
    seeds = [
        [
            each["seed"]
            for each in drawn(tools, *before, attempt=attempt(n))["attempt"]["variations"]
        ]
        for n, before in enumerate(([], [round_(1, "n")]), start=1)
    ]
    assert seeds == [[7, 8, 9], [10, 11, 12]]
    tools.settings = Settings(seed=2**31 - 1, variations=3)
    last = drawn(tools, attempt=attempt(1))["attempt"]["variations"]
    assert all(0 <= each["seed"] < 2**31 for each in last)


def test_without_reseed_only_a_restart_moves_the_seed() -> None:
    again = attempt(3, origin="seed")
    assert drawn(Tools(reseed=False), attempt=attempt(2))["attempt"]["seed"] == 7
    assert drawn(Tools(reseed=False), attempt=again)["attempt"]["seed"] == 9


def test_the_criteria_of_skills_come_behind_those_of_the_request_once() -> None:
    own = [{"question": "Is it bold?", "source": "skill:bold"}]
    first = drawn(Tools(), skill_criteria=own, attempt=attempt(1))
    assert [c["source"] for c in first["criteria"]] == ["decomposer", "decomposer", "skill:bold"]
    later = drawn(Tools(), round_(1, "n"), skill_criteria=own, attempt=attempt(2))
    assert "criteria" not in later


def test_pictures_are_prepared_in_the_sizes_that_the_criteria_need() -> None:
    asked: Any = [
        {"question": "Is there a cat?", "source": "decomposer"},
        {"question": "Are there two cats?", "source": "decomposer"},
    ]
    of_a_skill = [{"question": "Is the mood calm?", "source": "skill:mood"}]
    tools = Tools()
    drawn(tools, attempt=attempt(1), criteria=asked, skill_criteria=of_a_skill)
    assert tools.sides == {560, 1024, 384}
    drawn(tools, round_(1, "nn"), attempt=attempt(2), criteria=asked[:1])
    assert tools.sides == {560}
