"""Verifier: a model answers every criterion about I_i, V_i = F_ver(I_i, C) (Eq. 4)."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Literal

from pydantic import field_validator

from gems_graph.models.answers import Form, plain
from gems_graph.state import Criterion, ImageRef, Round, State, Verdict
from gems_graph.toolbox import Toolbox

_BARE = re.compile(r"\W*(yes|no|unsure)\W*", re.IGNORECASE)


class Judgement(Form):
    """One verdict: in the schema, or a bare word; anything else is asked again."""

    answer: Literal["yes", "no", "unsure"]
    evidence: str = ""

    @field_validator("answer", mode="before")
    @classmethod
    def _lower(cls, answer: object) -> object:
        return answer.strip().lower() if isinstance(answer, str) else answer

    @classmethod
    def read(cls, text: str) -> Judgement:
        """Read the schema or a bare yes, no or unsure."""
        if bare := _BARE.fullmatch(text):
            return cls.model_validate({"answer": bare[1]})
        return cls.model_validate_json(text)


async def verifier(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Judge every criterion, all at once; an outage raises, and is never a verdict."""
    attempt = state["attempt"]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_judge(attempt["image"], criterion, toolbox))
            for criterion in state["criteria"]
        ]
    verdicts = [task.result() for task in tasks]
    return {"rounds": [Round(**{**attempt, "verdicts": verdicts})]}


async def _judge(picture: ImageRef, criterion: Criterion, toolbox: Toolbox) -> Verdict:
    answer = await toolbox.ask(
        "verifier",
        "verifier",
        Judgement,
        picture=picture,
        criterion=criterion["question"],
    )
    return Verdict(answer=answer.value.answer, p_yes=None, evidence=plain(answer.value.evidence))
