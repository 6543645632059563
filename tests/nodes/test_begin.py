"""Begin: a fresh trajectory, a seed that is recorded, and requests that nobody could draw."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gems_graph.errors import UsageError
from gems_graph.nodes.begin import begin
from gems_graph.settings import Settings


class Tools:
    settings = Settings()

    async def check(self, pictures: int) -> None:
        """Find nothing wrong with models and prices."""


def begun(**given: Any) -> Any:
    return asyncio.run(begin(given, Tools()))  # type: ignore[arg-type]


def test_each_trajectory_has_an_id_and_a_seed_of_its_own() -> None:
    one, two = begun(prompt="a cat"), begun(prompt="a cat")
    assert one["trajectory"] != two["trajectory"]
    assert isinstance(one["settings"]["seed"], int)
    assert one["attempt"]["prompt"] == "a cat"
    assert one["attempt"]["n"] == 0


def test_a_checklist_becomes_the_criteria_each_once() -> None:
    update = begun(prompt="a cat", checklist=[" Is it a cat? ", "", "Is it a cat?", "Is it red?"])
    assert [c["question"] for c in update["criteria"]] == ["Is it a cat?", "Is it red?"]
    assert {c["source"] for c in update["criteria"]} == {"user"}


@pytest.mark.parametrize(
    "given",
    [{"prompt": " "}, {"prompt": 5}, {}, {"prompt": "half \ud83d"},
     {"prompt": "a cat", "checklist": [" "]}, {"prompt": "a cat", "checklist": ["\ud83d?"]}],
)  # fmt: skip
def test_what_nobody_could_draw_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        begun(**given)
