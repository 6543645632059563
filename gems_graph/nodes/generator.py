"""Generator: one picture from P_i by any backend, I_i = F_gen(P_i) (Eq. 3)."""

from __future__ import annotations

from typing import Any

from gems_graph.images import side_for
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State


@module(
    part="draw", reads=("attempt",), owes=("attempt",), doing="drawing",
    images=lambda work: work.rounds,
)  # fmt: skip
async def generator(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Draw round i; by default with another seed each round."""
    attempt, settings = state["attempt"], toolbox.settings
    step = attempt["n"] - 1 if settings.reseed else _last_reseed(state)
    seed = ((settings.seed or 0) + step) % 2**31
    more = _with_skill_criteria(state)
    criteria = more.get("criteria") or state.get("criteria", [])
    sides = {side_for(criterion, settings) for criterion in criteria}
    image = await toolbox.generate(attempt["prompt"], seed, sides=sides)
    said = state.get("notes", [])  # what a generator cannot honour is said once
    new = [note for note in image.get("made", {}).get("notes", []) if note not in said]
    drawn = Attempt(**{**attempt, "seed": seed, "image": image})
    return {"attempt": drawn, **more, **({"notes": new} if new else {})}


def _with_skill_criteria(state: State) -> dict[str, Any]:
    """Put the criteria of picked skills behind those of the request, before anything is judged.

    Here, as Planner and Decomposer work at the same time and must not write one channel.
    """
    skill_criteria = state.get("skill_criteria", [])
    if not skill_criteria or state["attempt"]["n"] > 1:
        return {}
    return {"criteria": [*state["criteria"], *skill_criteria]}


def _last_reseed(state: State) -> int:
    """Return by how much restarts have moved the seed; used where rounds share one seed."""
    attempts = [*state.get("rounds", []), state["attempt"]]
    return max((a["n"] - 1 for a in attempts if a.get("origin") == "seed"), default=0)
