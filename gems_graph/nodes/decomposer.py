"""Decomposer: split U into atomic yes/no criteria, C = F_dec(U) (Eq. 2)."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from gems_graph.errors import RefusedError, UnreadableError
from gems_graph.models.answers import Form, plain
from gems_graph.prompting.wording import counted_criteria
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Criterion, State


class Checklist(Form):
    """Criteria, at least one of them with letters or digits; repeats are dropped."""

    criteria: list[str]

    @field_validator("criteria")
    @classmethod
    def _usable(cls, criteria: list[str]) -> list[str]:
        usable = [plain(c) for c in criteria if any(char.isalnum() for char in c)]
        if not usable:
            msg = "it holds no criterion"
            raise ValueError(msg)
        return list(dict.fromkeys(usable))


def _calls(work: Workload) -> int:
    """Count one call, none where the criteria are given."""
    return 0 if work.criteria_given else 1


@module(
    part="criteria", role="decomposer", templates=("decomposer",), reads=("prompt",),
    doing="listing criteria",
    calls=_calls,
)  # fmt: skip
async def decomposer(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Make the criteria; where the model gives no usable ones, the request itself is the only one.

    So no image counts as a success without having been judged.
    """
    if state.get("criteria"):  # the caller's own
        return {}
    try:
        answer = await toolbox.ask(
            "decomposer",
            "decomposer",
            Checklist,
            user_prompt=state["prompt"],
            most=toolbox.settings.max_criteria,
        )
    except (UnreadableError, RefusedError) as error:
        note = f"No usable criteria; the request itself is the only one. {error}"
        return {"criteria": [request_itself(state["prompt"])], "notes": [note]}
    limit = toolbox.settings.max_criteria
    questions = answer.value.criteria[:limit]
    left_out = len(answer.value.criteria) - len(questions)
    note = f"Left out over max_criteria={limit}: {counted_criteria(left_out)}."
    return {
        "criteria": [Criterion(question=question, source="decomposer") for question in questions],
        "notes": [note] * bool(left_out),
    }


def request_itself(user_prompt: str) -> Criterion:
    """Return the one criterion that a request is where nobody has split it."""
    question = f"Does the picture show, in every detail, what this asks for? {user_prompt}"
    return Criterion(question=question, source="prompt")
