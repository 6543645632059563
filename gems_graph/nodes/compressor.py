"""Compressor: reasoning into a lesson, E_i = F_comp(P_i, I_i, V_i, T_i, M_{i-1}) (Eq. 7)."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from gems_graph.errors import ModelError, RefusedError, UnreadableError
from gems_graph.memory import compressor_context, shorten
from gems_graph.models.answers import Form, plain
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import State


class Lesson(Form):
    """The experience of one attempt; one without letters or digits is asked for again."""

    experience: str

    @field_validator("experience")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not any(map(str.isalnum, text)):
            msg = "the experience must not be empty"
            raise ValueError(msg)
        return text


def _calls(work: Workload) -> int:
    """Count one call for each round that is refined, where experiences are remembered."""
    return work.rounds - 1 if work.settings.memory == "experience" else 0


@module(
    part="learn", role="compressor", templates=("compressor",), reads=("rounds",),
    doing="learning", calls=_calls, sees=True,
)  # fmt: skip
async def compressor(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Distil the attempt into an experience; if the model fails, it is the thought, cut."""
    settings, n = toolbox.settings, state["rounds"][-1]["n"]
    thoughts = await toolbox.recall(state["rounds"])
    context = compressor_context(state, settings, thoughts)
    try:
        answer = await toolbox.ask(
            "compressor",
            "compressor",
            Lesson,
            user_prompt=state["prompt"] if settings.compressor_request else "",
            words=settings.experience_words,
            **context,
        )
    except (UnreadableError, RefusedError, ModelError) as error:
        cut = shorten(thoughts[-1].strip(), settings.experience_words)
        note = f"Round {n} left no experience but its thought, cut: {error}"
        return {"experiences": [cut], "notes": [note]}
    return {"experiences": [shorten(plain(answer.value.experience), settings.experience_words)]}
