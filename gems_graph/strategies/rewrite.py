"""Rewrite: the request put into words by published advice, then drawn once.

The paper compares with a rewriting "following Google Cloud's guide", whose prompt is not known:
that it speaks of subject, context and style, and then of detail, is inferred from the guide. The
dial `keep_quotes` off reproduces the paper's fall on text rendering (LongText 0.912 to 0.571).
"""

from __future__ import annotations

from typing import Any

from gems_graph.errors import UnreadableError
from gems_graph.models.answers import Form, plain
from gems_graph.prompting.verbatim import Faithful, faithful
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State
from gems_graph.strategies.opening import opening


class Rewritten(Form):
    """The request in other words."""

    prompt: str


async def rewritten(user_prompt: str, toolbox: Toolbox) -> tuple[Faithful, list[str]]:
    """Return the rewritten request and notes; the request itself where nobody can read the answer.

    Raises:
        GemsError: as `toolbox.ask` does.
    """
    keep = toolbox.settings.keep_quotes

    async def write(lost_quotes: list[str]) -> tuple[str, str]:
        answer = await toolbox.ask(
            "planner", "rewrite", Rewritten, user_prompt=user_prompt, keep_quotes=keep,
            lost=lost_quotes,
        )  # fmt: skip
        return plain(answer.value.prompt) or user_prompt, answer.thought

    try:
        written = await faithful(write, user_prompt, keep=keep)
    except UnreadableError as error:
        note = f"The first prompt is the request as it stands. {error}"
        return Faithful(user_prompt, "", []), [note]
    notes = [f"Round 1: the prompt lost {text!r}; it was put back." for text in written.restored]
    return written, notes


@module(
    part="plan", role="planner", templates=("rewrite",), reads=("prompt",), owes=("attempt",),
    doing="rewriting", calls=lambda work: 1,
)  # fmt: skip
async def rewriter(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Rewrite the request once."""
    written, notes = await rewritten(state["prompt"], toolbox)
    thought = await toolbox.keep(written.thought)
    attempt = Attempt(n=1, prompt=written.prompt, thought=thought, origin="planner")
    return {"attempt": attempt, "notes": notes}


STRATEGY = opening(rewriter, "rewrite", "rewrite the request by published advice, draw once")
