"""Facts about the rounds of a trajectory."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gems_graph.settings import Settings
from gems_graph.state import Attempt, Round, State, Timing, Verdict

_SAID = {"yes": 1.0, "unsure": 0.5, "no": 0.0}
_LEAST = 1e-9


def passes(round_: Round) -> int:
    """Count the criteria that hold for a round; `unsure` does not."""
    return sum(verdict["answer"] == "yes" for verdict in round_["verdicts"])


def all_pass(round_: Round) -> bool:
    """Tell whether every criterion holds, and there is at least one."""
    return 0 < len(round_["verdicts"]) == passes(round_)


def answered(round_: Round) -> bool:
    """Tell whether a round was judged at all: the Verifier answered at least one criterion."""
    verdicts = round_["verdicts"]
    return not verdicts or not all("unanswered" in verdict for verdict in verdicts)


def best(rounds: Sequence[Round], tie_break: str = "first", select_by: str = "passes") -> Round:
    """Return the round with most criteria passed (Eq. 5), of those that were judged.

    Where no p(yes) is known at all, passes decide and the first of equals wins, whatever is asked.

    Args:
        rounds: at least one.
        tie_break: of equals, `first` takes the first, `p_yes` the likeliest to be right.
        select_by: `passes`, or `p_yes` for the likeliest of all.
    """
    rounds = [round_ for round_ in rounds if answered(round_)] or rounds
    if not probabilities_known(rounds):
        tie_break = select_by = ""
    most = max(map(passes, rounds))
    equals = [r for r in rounds if select_by == "p_yes" or passes(r) == most]
    return max(equals, key=likelihood) if "p_yes" in (tie_break, select_by) else equals[0]


def probabilities_known(rounds: Sequence[Round]) -> bool:
    """Tell whether p(yes) is known of any verdict."""
    return any(verdict["p_yes"] is not None for r in rounds for verdict in r["verdicts"])


def likelihood(round_: Round) -> float:
    """Return the geometric mean of p(yes) over all criteria, as Soft-TIFA GM does.

    Where it is unknown (a refused probe, a person's word) the answer stands for it: yes 1, no 0,
    unsure one half. None counts as less than 1e-9, or one criterion would hide all others.
    """
    logs = [math.log(max(_probability(verdict), _LEAST)) for verdict in round_["verdicts"]]
    return math.exp(sum(logs) / len(logs)) if logs else 0.0


def _probability(verdict: Verdict) -> float:
    known = verdict["p_yes"]
    return _SAID[verdict["answer"]] if known is None else known


def stagnant(rounds: Sequence[Round], patience: int) -> bool:
    """Tell whether the last `patience` rounds brought no better verdict; never where it is 0.

    The count starts anew with a restart and with a prompt by a person.
    """
    restarts = [r["n"] - 1 for r in rounds if r.get("origin") in ("best", "seed", "user")]
    since = max([best(rounds)["n"], *restarts])
    return 0 < patience <= len(rounds) - since


def edited(state: State, settings: Settings) -> Round | None:
    """Return the round whose picture the attempt changes; None: it is drawn from nothing.

    That is the last one, or the best where the Refiner went back to it. A prompt that is drawn
    with another seed is drawn anew.
    """
    rounds, origin = state.get("rounds", []), state["attempt"].get("origin")
    if not (settings.edit and rounds) or origin == "seed":
        return None
    if origin == "best":
        return best(rounds, settings.tie_break, settings.select_by)
    return rounds[-1]


def has_image(state: State) -> bool:
    """Tell whether any picture was drawn, judged or not."""
    return bool(state.get("rounds") or state.get("drawn") or state.get("attempt", {}).get("image"))


def next_prompt_written(state: State) -> bool:
    """Tell whether the next prompt is there already: a person wrote it at the pause."""
    return state["attempt"]["n"] > state["rounds"][-1]["n"]


def unverified(state: State) -> Attempt | None:
    """Return the last attempt whose picture exists but was never judged, if there is one."""
    open_ones = _unjudged(state)
    return open_ones[-1] if open_ones else None


def unjudged(state: State) -> list[Attempt]:
    """Return every attempt whose picture was never judged, each once, in order."""
    return sorted({each["n"]: each for each in _unjudged(state)}.values(), key=lambda a: a["n"])


def _unjudged(state: State) -> list[Attempt]:
    judged = {round_["n"] for round_ in state.get("rounds", [])}
    attempts = [*state.get("drawn", []), *([state["attempt"]] if state.get("attempt") else [])]
    return [a for a in attempts if a.get("image") and a["n"] not in judged]


def seconds_worked(timings: Sequence[Timing]) -> float:
    """Return the seconds a trajectory has worked; nodes of one superstep count as the longest.

    Timings of release 0.1.0 name no step, and count one by one.
    """
    longest: dict[object, float] = {}
    for k, timing in enumerate(timings):
        step = timing.get("step", ("alone", k))
        longest[step] = max(longest.get(step, 0.0), timing["seconds"])
    return sum(longest.values())
