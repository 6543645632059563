"""GEMS may go on after all criteria pass, to show what more rounds bring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gems_graph import Settings
from gems_graph.strategies import open_strategy
from tests.conftest import Loop, criteria, verdicts

SCRIPT: dict[str, Any] = {"decompose": criteria(2), "verify": verdicts("yn", "yy", "yn", "yy")}


def test_more_rounds_are_drawn_and_the_picture_is_the_one_it_would_have_been(
    loop: Callable[..., Loop],
) -> None:
    usual = loop(dict(SCRIPT)).run()
    script = {**SCRIPT, "verify": verdicts("yn", "yy", "yn", "yy")}
    gone_on = loop(script, gems_stop_at_pass=False, max_iterations=4).run()
    assert (usual["result"]["round"], gone_on["result"]["round"]) == (2, 2)
    assert [len(state["rounds"]) for state in (usual, gone_on)] == [2, 4]
    assert gone_on["result"]["success"]


def test_the_estimate_knows() -> None:
    rounds = open_strategy("gems").rounds
    assert rounds(Settings()) == (1, 5)
    assert rounds(Settings(gems_stop_at_pass=False)) == (5, 5)
