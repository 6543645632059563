"""Generator: one picture from P_i by any backend, I_i = F_gen(P_i) (Eq. 3)."""

from __future__ import annotations

from typing import Any

from gems_graph.state import Attempt, State
from gems_graph.toolbox import Toolbox


async def generator(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Draw round i; by default with another seed each round, as separate draws are."""
    attempt, settings = state["attempt"], toolbox.settings
    seed = ((settings.seed or 0) + (attempt["n"] - 1) * settings.reseed) % 2**31
    image = await toolbox.generate(attempt["prompt"], seed)
    return {"attempt": Attempt(**{**attempt, "seed": seed, "image": image})}
