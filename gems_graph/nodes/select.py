"""Select: the passing image, or the best by argmax of passed criteria (Eq. 5)."""

from __future__ import annotations

from typing import Any

from gems_graph.memory import all_pass, best, passes, unverified
from gems_graph.state import Attempt, Result, Round, State, Stop
from gems_graph.toolbox import Toolbox


async def select(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Choose what to return, and say why."""
    return {"result": choose(state)}


def choose(state: State) -> Result:
    """Return the best picture of a state that holds one, however the loop ended."""
    if state.get("rounds"):
        return _from_round(state, best(state["rounds"]))
    attempt = unverified(state)
    assert attempt is not None
    return _from_unverified(state, attempt)


def _from_round(state: State, chosen: Round) -> Result:
    passed, total = passes(chosen), len(chosen["verdicts"])
    success = all_pass(chosen)
    stop = state.get("stop") or Stop(reason="passed" if success else "max_iterations")
    tried = len(state["rounds"])
    why = (
        f"round {chosen['n']} passes all {total} criteria"
        if success
        else f"round {chosen['n']} passes {passed} of {total}, the most of {tried} round(s)"
    )
    return Result(
        image=chosen["image"], prompt=chosen["prompt"], round=chosen["n"], passed=passed,
        total=total, success=success, verified=True, stop=stop, why=why,
    )  # fmt: skip


def _from_unverified(state: State, attempt: Attempt) -> Result:
    return Result(
        image=attempt["image"], prompt=attempt["prompt"], round=attempt["n"], passed=0,
        total=len(state.get("criteria", [])), success=False, verified=False,
        stop=state.get("stop", {}), why="no round was verified; this is the last image drawn",
    )  # fmt: skip
