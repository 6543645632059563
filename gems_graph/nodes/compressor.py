"""Compressor: reasoning into a lesson, E_i = F_comp(P_i, I_i, V_i, T_i, M_{i-1}) (Eq. 7)."""

from __future__ import annotations

from typing import Any

from gems_graph.errors import AnswerError, ModelError
from gems_graph.memory import current_view, history_views, only_experience
from gems_graph.models.answers import Form, plain
from gems_graph.state import State
from gems_graph.toolbox import Toolbox


class Lesson(Form):
    """What the attempt taught."""

    experience: str


async def compressor(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Distil the attempt; a failure here costs this experience, not the run."""
    settings, n = toolbox.settings, state["rounds"][-1]["n"]
    thoughts = await toolbox.recall(state["rounds"])
    history = history_views(state, settings, thoughts, n - 1)
    if settings.compressor_sees == "experiences":
        history = [only_experience(view) for view in history]
    try:
        answer = await toolbox.ask(
            "compressor",
            "compressor",
            Lesson,
            user_prompt=state["prompt"],
            current=current_view(state, settings, thoughts),
            history=history,
            words=settings.experience_words,
        )
    except (AnswerError, ModelError) as error:
        return {"experiences": [""], "notes": [f"Round {n} left no experience: {error}"]}
    return {"experiences": [plain(answer.value.experience)]}
