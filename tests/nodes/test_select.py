"""Select: the passing round, the accepted one, or the argmax; and why."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gems_graph.errors import BudgetError, GeneratorError
from gems_graph.memory import best
from gems_graph.nodes.select import passing_or_best, selecting
from tests.nodes.tools import PICTURE, attempt, round_, state


def selected(*rounds: Any, choose: Any = passing_or_best, **more: Any) -> Any:
    return asyncio.run(selecting(choose)(state(*rounds, **more), None))["result"]  # type: ignore[arg-type]


def test_the_first_of_the_best_wins() -> None:
    result = selected(round_(1, "nn"), round_(2, "yn"), round_(3, "ny"))
    assert (result["round"], result["passed"], result["total"]) == (2, 1, 2)
    assert (result["success"], result["stop"]["reason"]) == (False, "max_iterations")


def test_what_passes_ends_it() -> None:
    result = selected(round_(1, "yn"), round_(2, "yy"))
    assert (result["round"], result["success"], result["stop"]["reason"]) == (2, True, "passed")


def test_what_a_person_accepted_is_returned() -> None:
    result = selected(round_(1, "yn"), round_(2, "nn"), stop={"reason": "accepted"})
    assert (result["round"], result["success"]) == (2, False)


def test_a_strategy_chooses_in_its_own_way() -> None:
    rounds = round_(1, "yy"), round_(2, "yy")
    assert selected(*rounds)["round"] == 2
    assert selected(*rounds, choose=lambda state: best(state["rounds"]))["round"] == 1


def test_a_picture_that_nobody_judged_is_better_than_none() -> None:
    drawn = attempt(1, image=PICTURE)
    for kept in ({"attempt": drawn}, {"attempt": {}, "drawn": [drawn]}):
        result = selected(**kept)
        assert (result["round"], result["verified"], result["success"]) == (1, False, False)


@pytest.mark.parametrize(("reason", "error"), [("budget", BudgetError), ("error", GeneratorError)])
def test_no_picture_at_all_is_the_error_of_the_first_candidate(
    reason: str, error: type[Exception]
) -> None:
    failed = [{"reason": reason, "error": "no power"}, {"reason": "error", "error": "later"}]
    with pytest.raises(error, match="no power"):
        selected(failed=failed)
