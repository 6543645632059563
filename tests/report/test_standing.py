"""One account of how a trajectory stands."""

from __future__ import annotations

from typing import Any

import pytest

from gems_graph.errors import UsageError
from gems_graph.report.standing import (
    STANDINGS,
    error_in,
    goes_on,
    reasons,
    standing,
    standings_in,
)

NO, YES = {"success": False}, {"success": True}


def ended(reason: str, result: dict[str, Any] = NO, **more: Any) -> dict[str, Any]:
    stop = {"reason": reason, **more}
    return {"result": {**result, "stop": stop}}


@pytest.mark.parametrize(
    ("state", "at", "word", "open_"),
    [
        (ended("passed", YES), {}, "passed", False),
        (ended("accepted"), {}, "accepted", False),
        (ended("max_iterations"), {}, "best effort", False),
        (ended("budget"), {}, "best effort", True),
        (ended("error"), {}, "failed", True),
        (ended("cancelled"), {}, "interrupted", True),
        (ended("cancelled", YES), {}, "interrupted", True),
        ({**ended("max_iterations"), "failed": [{"reason": "error"}]}, {}, "failed", True),
        ({**ended("max_iterations"), "failed": [{"reason": "budget"}]}, {}, "best effort", True),
        ({**ended("passed", YES), "failed": [{"reason": "error"}]}, {}, "passed", True),
        ({**ended("accepted"), "failed": [{"reason": "error"}]}, {}, "accepted", False),
        ({"stop": {"reason": "error"}}, {"unfinished": True}, "failed", True),
        ({"stop": {"reason": "budget"}}, {"unfinished": True}, "interrupted", True),
        ({"rounds": []}, {"unfinished": True}, "interrupted", True),
        ({}, {}, "interrupted", True),
        (ended("passed", YES), {"unfinished": True}, "interrupted", True),
        ({}, {"unfinished": True, "waits": True}, "waiting", True),
        ({}, {"unfinished": True, "errors": ["x"]}, "failed", True),
        (ended("passed", YES), {"begins": True, "unfinished": True}, "not begun", True),
        ({}, {"begins": True, "errors": ["ConfigError: x"]}, "failed", True),
    ],
)
def test_a_trajectory_stands_so(
    state: dict[str, Any], at: dict[str, Any], word: str, open_: bool
) -> None:
    assert standing(state, **at) == word
    assert goes_on(standing(state, **at), state) == open_
    assert standing(state, busy=True, **at) == ("running" if open_ else word)


def test_the_record_in_a_folder_says_the_same_as_the_state() -> None:
    record = {**ended("budget"), "stop_reason": "budget", "failed": None, "schema": 1}
    assert standing(record) == "best effort"
    assert standing({}) == "interrupted"


def test_why_it_stopped_is_told_of_the_loop_and_of_candidates() -> None:
    state = {**ended("budget", error="cap"), "failed": [{"reason": "error", "error": "down"}]}
    assert reasons(state) == {"budget", "error"}
    assert error_in(state) == "cap"
    assert error_in({"failed": [{"reason": "error", "error": "down"}]}) == "down"
    assert error_in(state, ["raised"]) == "raised"
    assert error_in({}) == ""


def test_words_of_the_release_before_are_understood() -> None:
    assert standings_in(STANDINGS) == {*STANDINGS}
    assert standings_in(["done"]) == {"passed", "accepted"}
    assert standings_in(["error", "waiting"]) == {"failed", "waiting"}
    with pytest.raises(UsageError, match=r"no state 'finished'; the states are running, waiting"):
        standings_in(["finished"])
