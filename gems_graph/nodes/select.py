"""Select: the passing image, or the best by argmax of passed criteria (Eq. 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from gems_graph.errors import BudgetError, GeneratorError
from gems_graph.memory import (
    all_pass,
    answered,
    best,
    likelihood,
    passes,
    probabilities_known,
    unverified,
)
from gems_graph.prompting.wording import counted
from gems_graph.runtime.module import Module, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, Result, Round, State, Stop, of_a_skill

Choose = Callable[[State], Round | Attempt]
"""A strategy's way to choose where there is at least one verified round; also what none judged."""


def selecting(choose: Choose) -> Module:
    """Return the module that ends a trajectory with the round that `choose` picks."""

    @module(part="select", doing="choosing")
    async def select(state: State, toolbox: Toolbox) -> dict[str, Any]:
        """Choose what to return, and say why."""
        return {"result": result_of(state, choose)}

    return select


def result_of(state: State, choose: Choose) -> Result:
    """Return the result of a trajectory, however the loop ended.

    Raises:
        BudgetError: nothing was drawn, as a cap was reached.
        GeneratorError: nothing was drawn, as every candidate failed.
    """
    chosen = choose(state) if state.get("rounds") else unverified(state)
    if chosen:
        judged = "verdicts" in chosen
        result = _from_round(state, cast(Round, chosen)) if judged else _unjudged(state, chosen)
        return {**result, "why": _with_own_words(state, result["why"], judged=judged)}
    failures = state.get("failed") or [Stop(reason="error", error="no candidate was drawn")]
    error_type = BudgetError if failures[0].get("reason") == "budget" else GeneratorError
    raise error_type(failures[0].get("error", ""))


def _with_own_words(state: State, why: str, *, judged: bool) -> str:
    """Put what the strategy itself says of its choice, `extra["why"]`, before the score."""
    own: str = state.get("extra", {}).get("why", "")
    if not own:
        return why
    return f"{own}; {why if judged else 'nobody judged it by the criteria'}"


def passing_or_best(state: State) -> Round:
    """Return the round that passes or that a person accepted (I_i), else the argmax (Eq. 5)."""
    rounds, dials = state["rounds"], state.get("settings", {})
    stops = dials.get("gems_stop_at_pass", True)  # otherwise the first that passes, as if it did
    if _accepted(state) or (stops and all_pass(rounds[-1])):
        return rounds[-1]
    return best(rounds, dials.get("tie_break", "first"), dials.get("select_by", "passes"))


def _accepted(state: State) -> bool:
    return state.get("stop", {}).get("reason") == "accepted"


def _from_round(state: State, chosen: Round) -> Result:
    passed, total = passes(chosen), len(chosen["verdicts"])
    user_passed, user_total = _request_score(state, chosen)
    success = all_pass(chosen)
    stop = state.get("stop") or _ending(state, success)
    why = _why(state, chosen)
    if user_total < total:
        why += f"; of the request's own, {user_passed} of {user_total}"
    if not (success or _accepted(state)):
        why += _likely(state, chosen)
    return Result(
        image=chosen["image"], prompt=chosen["prompt"], round=chosen["n"], passed=passed,
        total=total, user_passed=user_passed, user_total=user_total,
        success=success, verified=answered(chosen), stop=stop, why=why,
    )  # fmt: skip


def _ending(state: State, success: bool) -> Stop:
    """Return the stop of a loop that ran to its end; of failed candidates, the first one's."""
    if success or not state.get("failed"):
        return Stop(reason="passed" if success else "max_iterations")
    return state["failed"][0]


def _why(state: State, chosen: Round) -> str:
    n, passed, total = chosen["n"], passes(chosen), len(chosen["verdicts"])
    drawn = len(state["rounds"])
    if not answered(chosen):
        said = chosen["verdicts"][0]["evidence"]
        return f"no round was verified: the Verifier answered no criterion of round {n} ({said})"
    if _accepted(state):
        return f"a person accepted round {n}, which passes {passed} of {total}"
    if all_pass(chosen):
        return f"round {n} passes {f'all {total} criteria' if total > 1 else 'its one criterion'}"
    most = passed == max(map(passes, state["rounds"]))
    return (
        f"round {n} passes {passed} of {total}" + f", the most of {counted(drawn, 'round')}" * most
    )


def _likely(state: State, chosen: Round) -> str:
    """Say what p(yes) had to do with the choice, where anything but passes was asked for."""
    rounds, p = state["rounds"], f"p {likelihood(chosen):.2f}"
    if state.get("settings", {}).get("select_by") == "p_yes":
        if not probabilities_known(rounds):
            return "; no p(yes) is known to choose by"
        return f", and is the likeliest ({p})" * (chosen is best(rounds, select_by="p_yes"))
    likelier = likelihood(chosen) > likelihood(best(rounds))
    return f", and is the likeliest of equals ({p})" * likelier


def _request_score(state: State, round_: Round) -> tuple[int, int]:
    """Return how many of the request's own criteria pass, and how many there are."""
    pairs = zip(state["criteria"], round_["verdicts"], strict=True)
    answers = [verdict["answer"] for criterion, verdict in pairs if not of_a_skill(criterion)]
    return answers.count("yes"), len(answers)


def _unjudged(state: State, attempt: Attempt) -> Result:
    criteria = state.get("criteria", [])
    user_total = sum(not of_a_skill(criterion) for criterion in criteria)
    return Result(
        image=attempt["image"], prompt=attempt["prompt"], round=attempt["n"], passed=0,
        total=len(criteria), user_passed=0, user_total=user_total, success=False, verified=False,
        stop=state.get("stop") or _ending(state, False),
        why="no round was verified; this is the last image drawn",
    )  # fmt: skip
