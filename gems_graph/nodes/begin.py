"""Begin a trajectory: a fresh id, the settings in effect, the caller's own criteria, pictures."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from typing import Any

from gems_graph.errors import UsageError
from gems_graph.images import keep_sent
from gems_graph.prompting.sanitize import check_list, check_text, check_texts
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import SCHEMA, Attempt, Criterion, State, Thought


@module(part="begin", doing="beginning")
async def begin(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Check the request and the generator, and reset what an earlier run on this thread wrote.

    Raises:
        UsageError: the prompt is empty, too long or no text, the checklist holds nothing, or what
            is given as a picture is none.
        ConfigError: a generator, an option or a price is not there.
    """
    prompt = state.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        msg = "The prompt is empty: say what to draw."
        raise UsageError(msg)
    check_text(prompt)
    settings = toolbox.settings
    if settings.seed is None:
        settings = settings.model_copy(update={"seed": secrets.randbelow(2**31)})
    given = check_list(state.get("images") or [], "images takes a list of pictures")
    references = [await asyncio.to_thread(keep_sent, each, toolbox.store) for each in given]
    await toolbox.check(len(references))
    return {
        "schema": SCHEMA,
        "trajectory": uuid.uuid4().hex,
        "settings": settings.model_dump(),
        "criteria": _criteria(state.get("checklist")),
        "references": references,
        "skills": [],
        "skill_criteria": [],
        "attempt": Attempt(n=0, prompt=prompt, thought=Thought(text="", sha256=None)),
        "result": {},
    }


def _criteria(checklist: list[str] | None) -> list[Criterion]:
    if checklist is None:
        return []
    texts = check_texts(checklist, "checklist takes a list of yes/no questions")
    questions = [text.strip() for text in texts if text.strip()]
    if not questions:
        msg = "The checklist holds no criteria: give at least one yes/no question, or none at all."
        raise UsageError(msg)
    return [Criterion(question=question, source="user") for question in dict.fromkeys(questions)]
