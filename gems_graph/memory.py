"""The Memory Manager: pure views over rounds and experiences (M_i); no model calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.settings import Settings
from gems_graph.state import Attempt, Criterion, Round, State

View = dict[str, Any]
"""What a prompt template shows of one attempt."""


def passes(round_: Round) -> int:
    """Count the criteria that hold for a round; `unsure` does not."""
    return sum(verdict["answer"] == "yes" for verdict in round_["verdicts"])


def all_pass(round_: Round) -> bool:
    """Tell whether every criterion holds, and there is at least one."""
    return 0 < len(round_["verdicts"]) == passes(round_)


def best(rounds: Sequence[Round]) -> Round:
    """Return the round with most criteria passed, the first of equals (Eq. 5)."""
    return max(rounds, key=passes)


def has_image(state: State) -> bool:
    """Tell whether a picture exists that must not be lost."""
    return bool(state.get("rounds") or state.get("attempt", {}).get("image"))


def current_view(state: State, settings: Settings, thoughts: Sequence[str]) -> View:
    """Show round i to the Refiner or Compressor: P_i, I_i, V_i and T_i."""
    round_ = state["rounds"][-1]
    view = _view(state, round_, settings.vision_max_side)
    view["thought"] = thoughts[-1]
    return view


def history_views(
    state: State, settings: Settings, thoughts: Sequence[str], upto: int
) -> list[View]:
    """Show the rounds before the current one, and experiences up to E_`upto`.

    What each holds is the memory mode of Fig. 4 (right): I prompt and feedback; II plus
    images; III plus raw thought; IV plus experience instead.
    """
    if settings.memory == "none":
        return []
    views = []
    for round_, thought in zip(state["rounds"][:-1], thoughts, strict=False):
        view = _view(state, round_, settings.history_max_side)
        if settings.memory == "feedback":
            view["image"] = None
        if settings.memory == "thought":
            view["thought"] = thought
        if settings.memory == "experience":
            view["experience"] = _experience(state, round_["n"], upto)
        views.append(view)
    return views


def only_failures(view: View) -> View:
    """Drop the verdicts that passed, as the authors' code does."""
    return {**view, "verdicts": [v for v in view["verdicts"] if v["answer"] != "yes"]}


def only_experience(view: View) -> View:
    """Drop everything but the experience, as the authors' Compressor sees the past."""
    return {**view, "prompt": "", "image": None, "verdicts": [], "thought": ""}


def _experience(state: State, n: int, upto: int) -> str:
    experiences = state.get("experiences", [])
    return experiences[n - 1] if n <= min(upto, len(experiences)) else ""


def _view(state: State, round_: Round, side: int) -> View:
    return {
        "n": round_["n"],
        "prompt": round_["prompt"],
        "image": round_["image"],
        "side": side,
        "verdicts": _verdicts(state["criteria"], state["rounds"], round_),
        "thought": "",
        "experience": "",
    }


def _verdicts(
    criteria: Sequence[Criterion], rounds: Sequence[Round], round_: Round
) -> list[dict[str, Any]]:
    before = rounds[round_["n"] - 2] if round_["n"] > 1 else None
    return [
        {
            "n": k + 1,
            "question": criterion["question"],
            "answer": verdict["answer"],
            "evidence": verdict["evidence"] if verdict["answer"] != "yes" else "",
            "regression": verdict["answer"] != "yes"
            and before is not None
            and before["verdicts"][k]["answer"] == "yes",
        }
        for k, (criterion, verdict) in enumerate(zip(criteria, round_["verdicts"], strict=True))
    ]


def unverified(state: State) -> Attempt | None:
    """Return an attempt whose picture exists but was never judged, if there is one."""
    attempt = state.get("attempt")
    judged = {round_["n"] for round_ in state.get("rounds", [])}
    return attempt if attempt and attempt.get("image") and attempt["n"] not in judged else None
