"""Dials of single strategies; what their authors leave open is one of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gems_graph.settings.dials.base import Dials


class StrategyDials(Dials):
    """Dials of single strategies, named after them."""

    search_scoring: Literal["scalar", "listwise", "checklist"] = Field(
        default="scalar",
        description="`search` grades each picture alone (the paper names no way); all side by side "
        "in one call; or by the criteria of the Decomposer.",
    )
    search_pass: float = Field(
        default=8.0, ge=0, le=10,
        description="`search`: the grade, 0 to 10, from which a picture counts as right.",
    )  # fmt: skip
