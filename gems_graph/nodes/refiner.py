"""Refiner: the next prompt, P_{i+1} = F_ref(P_i, I_i, V_i, T_i, M_{i-1}) (Eq. 6)."""

from __future__ import annotations

from typing import Any

from gems_graph.memory import current_view, history_views, only_failures
from gems_graph.models.answers import Form, plain
from gems_graph.state import Attempt, State
from gems_graph.toolbox import Toolbox


class Refined(Form):
    """The next prompt; the rationale stands in for reasoning that a model does not show."""

    rationale: str = ""
    prompt: str


async def refiner(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Write the next prompt from the attempt and the memory; T_{i+1} is how it got there."""
    settings, n = toolbox.settings, state["attempt"]["n"]
    # experiences up to E_{i-1} (Eq. 6), or up to E_i where the Compressor went first
    upto = n if settings.order == "reference" else n - 1
    thoughts = await toolbox.recall(state["rounds"])
    current = current_view(state, settings, thoughts)
    if settings.order == "reference" and settings.memory == "experience":
        current["experience"] = state["experiences"][n - 1]
    if not settings.show_thought:
        current["thought"] = ""
    history = history_views(state, settings, thoughts, upto)
    if not settings.show_passes:
        current, history = only_failures(current), [only_failures(view) for view in history]
    answer = await toolbox.ask(
        "refiner", "refiner", Refined, user_prompt=state["prompt"], current=current, history=history
    )
    prompt = plain(answer.value.prompt) or state["attempt"]["prompt"]
    thought = await toolbox.keep(answer.thought or plain(answer.value.rationale))
    return {"attempt": Attempt(n=n + 1, prompt=prompt, thought=thought)}
