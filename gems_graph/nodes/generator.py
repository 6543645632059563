"""Generator: a picture from P_i by any backend, I_i = F_gen(P_i) (Eq. 3); or several of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.images import side_for
from gems_graph.memory import edited
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import Attempt, State, Variation


@module(
    part="draw", reads=("attempt",), owes=("attempt",), doing="drawing",
    images=lambda work: work.rounds * work.settings.variations,
)  # fmt: skip
async def generator(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Draw round i; by default with other seeds each round."""
    attempt, settings = state["attempt"], toolbox.settings
    step = attempt["n"] - 1 if settings.reseed else _last_reseed(state)
    n = settings.variations
    seed = ((settings.seed or 0) + step * n) % (2**31 - n + 1)  # so that the last fits, too
    more = _with_skill_criteria(state)
    criteria = more.get("criteria") or state.get("criteria", [])
    sides = {side_for(criterion, settings) for criterion in criteria}
    pictures = await toolbox.draw(
        attempt["prompt"], seed, n, sides=sides, **_sources(state, settings)
    )
    new = _new_notes(state, pictures)
    first = pictures[0]
    drawn = Attempt(**{**attempt, "seed": first["seed"], "image": first["image"]})
    if n > 1:
        drawn["variations"] = pictures
    return {"attempt": drawn, **more, **({"notes": new} if new else {})}


def _sources(state: State, settings: Settings) -> dict[str, Any]:
    """Return the pictures to go by, first the one that is changed, and how; or nothing."""
    attempt, references = state["attempt"], state.get("references", [])
    base = edited(state, settings)
    if base is None:
        return {"images": references} if references else {}
    instruction = attempt.get("instruction") or attempt["prompt"]
    return {"images": [base["image"], *references], "instruction": instruction}


def _new_notes(state: State, pictures: Sequence[Variation]) -> list[str]:
    """Return what generators noted and nobody has said before, each once."""
    said = state.get("notes", [])
    notes = [note for each in pictures for note in each["image"].get("made", {}).get("notes", [])]
    return [note for note in dict.fromkeys(notes) if note not in said]


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
