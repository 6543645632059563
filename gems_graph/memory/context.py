"""What reaches the Refiner (Eq. 6) and the Compressor (Eq. 7), by memory mode and order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.memory.budget import fit
from gems_graph.memory.views import (
    View,
    only_experience,
    only_failures,
    view_of,
    without_comparison,
    without_evidence,
)
from gems_graph.settings import Settings
from gems_graph.state import Round, State


def refiner_context(
    state: State, settings: Settings, thoughts: Sequence[str], focus: Round | None = None
) -> dict[str, Any]:
    """Show P_i, I_i, V_i, T_i and the memory, M_{i-1} or (order `reference`) M_i.

    Args:
        state: holds at least one round.
        settings: those in effect.
        thoughts: T_1 to T_i in full.
        focus: the round to improve where that is not the last.
    """
    rounds = state["rounds"]
    focus = focus or rounds[-1]
    upto = len(rounds) if settings.order == "reference" else len(rounds) - 1
    current = _remembered(state, settings, focus, thoughts, upto, settings.vision_max_side)
    if settings.show_thought:
        current["thought"] = _thought(settings, thoughts, _position(rounds, focus))
    history = _history(state, settings, thoughts, upto, focus)
    if settings.memory == "none":
        current = without_comparison(current)
    if not settings.show_passes:
        current, history = only_failures(current), [only_failures(view) for view in history]
    return _fitted(current, history, settings)


def compressor_context(state: State, settings: Settings, thoughts: Sequence[str]) -> dict[str, Any]:
    """Show P_i, I_i, V_i, T_i and M_{i-1}, or of M_{i-1} the experiences alone."""
    last = state["rounds"][-1]
    current = view_of(state, last, settings, settings.vision_max_side)
    current["thought"] = _thought(settings, thoughts, len(thoughts) - 1)
    history = _history(state, settings, thoughts, len(state["rounds"]) - 1, last)
    if settings.compressor_sees == "experiences":
        current = without_comparison(current)
        history = [view for each in history if (view := only_experience(each))["experience"]]
    return _fitted(current, history, settings)


def _fitted(current: View, history: Sequence[View], settings: Settings) -> dict[str, Any]:
    """Fit the attempts into the budget, with what the Verifier saw or without."""
    if not settings.show_evidence:
        current, history = without_evidence(current), [without_evidence(v) for v in history]
    return fit(current, history, settings)


def _history(
    state: State, settings: Settings, thoughts: Sequence[str], upto: int, focus: Round
) -> list[View]:
    if settings.memory == "none":
        return []
    side = settings.history_max_side
    views = [
        _remembered(state, settings, round_, thoughts, upto, side)
        for round_ in state["rounds"]
        if round_["n"] != focus["n"]
    ]
    return [{**v, "image": None} for v in views] if settings.memory == "feedback" else views


def _remembered(
    state: State, settings: Settings, round_: Round, thoughts: Sequence[str], upto: int, side: int
) -> View:
    """Show a round as the memory holds it, by the modes of Fig. 4 (right).

    I prompt and feedback; II plus images; III plus raw thought; IV plus experience instead.
    The current round keeps its image in all of them: it is an argument of Eq. 6. Thoughts
    and experiences are shown only of the first `upto` rounds.
    """
    view, k = view_of(state, round_, settings, side), _position(state["rounds"], round_)
    experiences = state.get("experiences", [])
    if settings.memory == "thought" and k < upto:
        view["thought"] = _thought(settings, thoughts, k)
    if settings.memory == "experience" and k < min(upto, len(experiences)):
        view["experience"] = experiences[k]
    return view


def _thought(settings: Settings, thoughts: Sequence[str], k: int) -> str:
    """Return T_{k+1}, of which T_1 may not count as one."""
    return thoughts[k] if k or settings.first_thought else ""


def _position(rounds: Sequence[Round], round_: Round) -> int:
    """Return where a round stands; a candidate that failed leaves a gap in their numbers."""
    return [each["n"] for each in rounds].index(round_["n"])
