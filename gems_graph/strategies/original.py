"""Original: the request as it is, one picture, no call of a chat model."""

from __future__ import annotations

from typing import Any

from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State
from gems_graph.strategies.opening import opening


@module(part="plan", reads=("prompt",), owes=("attempt",), doing="taking the request as it is")
async def as_it_is(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Make the request the prompt."""
    nothing = await toolbox.keep("")
    return {"attempt": Attempt(n=1, prompt=state["prompt"], thought=nothing, origin="request")}


STRATEGY = opening(as_it_is, "original", "draw the request as it is, once")
