"""Pictures drawn side by side, each by a node of its own that may fail alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph.types import Send

from gems_graph.images import side_for
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State

SIDE_BY_SIDE = "draw each"
"""The edge to candidates, by its name in a drawn graph."""


@module(
    part="draw", candidate=True, reads=("attempt",), owes=("drawn",), doing="drawing",
    images=lambda work: work.rounds,
)  # fmt: skip
async def candidate(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Draw one candidate; number n is drawn with the seed of the run + n - 1 (`reseed`)."""
    attempt, settings = state["attempt"], toolbox.settings
    step = attempt["n"] - 1 if settings.reseed else 0
    seed = ((settings.seed or 0) + step) % 2**31
    sides = {side_for(criterion, settings) for criterion in state.get("criteria", [])}
    image = await toolbox.generate(
        attempt["prompt"], seed, sides=sides, images=state.get("references", [])
    )
    notes = image.get("made", {}).get("notes", []) if attempt["n"] == 1 else []
    drawn = Attempt(**{**attempt, "seed": seed, "image": image})
    return {"drawn": [drawn], **({"notes": notes} if notes else {})}


def each_to(node: str, attempts: Sequence[Attempt], state: State) -> list[Send]:
    """Return the way to a node once for each attempt, side by side."""
    return [Send(node, {**state, "attempt": attempt}) for attempt in attempts]
