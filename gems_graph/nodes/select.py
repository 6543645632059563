"""Select: the passing image, or the best by argmax of passed criteria (Eq. 5)."""

from __future__ import annotations

from typing import Any

from gems_graph.memory import all_pass, best, likelihood, passes, unverified
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, Result, Round, State, Stop, of_a_skill


async def select(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Choose what to return, and say why."""
    return {"result": choose(state)}


def choose(state: State) -> Result:
    """Return the best picture of a state that holds one, however the loop ended."""
    if state.get("rounds"):
        return _from_round(state, _chosen(state))
    attempt = unverified(state)
    assert attempt is not None
    return _from_unverified(state, attempt)


def _chosen(state: State) -> Round:
    """Return the round that passes or that a person accepted (I_i), else the argmax."""
    rounds = state["rounds"]
    if _accepted(state) or all_pass(rounds[-1]):
        return rounds[-1]
    return best(rounds, state.get("settings", {}).get("tie_break", "first"))


def _accepted(state: State) -> bool:
    return state.get("stop", {}).get("reason") == "accepted"


def _from_round(state: State, chosen: Round) -> Result:
    passed, total = passes(chosen), len(chosen["verdicts"])
    user_passed, user_total = _of_the_request(state, chosen)
    success = all_pass(chosen)
    stop = state.get("stop") or Stop(reason="passed" if success else "max_iterations")
    why = _why(state, chosen)
    if user_total < total:
        why += f"; of the request's own, {user_passed} of {user_total}"
    if not (success or _accepted(state)) and chosen is not best(state["rounds"]):
        why += f", and is the likeliest of equals (p {likelihood(chosen):.2f})"
    return Result(
        image=chosen["image"], prompt=chosen["prompt"], round=chosen["n"], passed=passed,
        total=total, user_passed=user_passed, user_total=user_total,
        success=success, verified=True, stop=stop, why=why,
    )  # fmt: skip


def _why(state: State, chosen: Round) -> str:
    n, passed, total = chosen["n"], passes(chosen), len(chosen["verdicts"])
    if _accepted(state):
        return f"a person accepted round {n}, which passes {passed} of {total}"
    if all_pass(chosen):
        return f"round {n} passes all {total} criteria"
    return f"round {n} passes {passed} of {total}, the most of {len(state['rounds'])} round(s)"


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
