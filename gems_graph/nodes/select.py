"""Select: the passing image, or the best by argmax of passed criteria (Eq. 5)."""

from __future__ import annotations

from typing import Any

from gems_graph.memory import all_pass, best, likelihood, passes, unverified
from gems_graph.state import Attempt, Result, Round, State, Stop, of_a_skill
from gems_graph.toolbox import Toolbox


async def select(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Choose what to return, and say why."""
    return {"result": choose(state)}


def choose(state: State) -> Result:
    """Return the best picture of a state that holds one, however the loop ended."""
    if state.get("rounds"):
        tie_break = state.get("settings", {}).get("tie_break", "first")
        return _from_round(state, best(state["rounds"], tie_break))
    attempt = unverified(state)
    assert attempt is not None
    return _from_unverified(state, attempt)


def _from_round(state: State, chosen: Round) -> Result:
    passed, total = passes(chosen), len(chosen["verdicts"])
    user_passed, user_total = _of_the_request(state, chosen)
    success = all_pass(chosen)
    stop = state.get("stop") or Stop(reason="passed" if success else "max_iterations")
    why = f"round {chosen['n']} passes all {total} criteria"
    if not success:
        tried = len(state["rounds"])
        why = f"round {chosen['n']} passes {passed} of {total}, the most of {tried} round(s)"
    if user_total < total:
        why += f"; of the request's own, {user_passed} of {user_total}"
    if chosen is not best(state["rounds"]):
        why += f", and is the likeliest of equals (p {likelihood(chosen):.2f})"
    return Result(
        image=chosen["image"], prompt=chosen["prompt"], round=chosen["n"], passed=passed,
        total=total, user_passed=user_passed, user_total=user_total,
        success=success, verified=True, stop=stop, why=why,
    )  # fmt: skip


def _of_the_request(state: State, round_: Round) -> tuple[int, int]:
    """Count what holds of the request's criteria, and those, without a skill's own."""
    pairs = zip(state["criteria"], round_["verdicts"], strict=True)
    own = [verdict["answer"] for criterion, verdict in pairs if not of_a_skill(criterion)]
    return own.count("yes"), len(own)


def _from_unverified(state: State, attempt: Attempt) -> Result:
    criteria = state.get("criteria", [])
    user_total = sum(not of_a_skill(criterion) for criterion in criteria)
    return Result(
        image=attempt["image"], prompt=attempt["prompt"], round=attempt["n"], passed=0,
        total=len(criteria), user_passed=0, user_total=user_total, success=False, verified=False,
        stop=state.get("stop", {}), why="no round was verified; this is the last image drawn",
    )  # fmt: skip
