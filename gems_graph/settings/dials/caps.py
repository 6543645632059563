"""What a trajectory may spend, and prices."""

from __future__ import annotations

from pydantic import Field

from gems_graph.settings.dials.base import MANY, Dials
from gems_graph.settings.prices import Price


class CapDials(Dials):
    """What a trajectory may spend, and prices."""

    max_images: int | None = Field(default=None, ge=1, le=MANY, description="Cap: images drawn.")
    max_calls: int | None = Field(default=None, ge=1, le=MANY, description="Cap: chat calls made.")
    max_tokens_total: int | None = Field(
        default=None, ge=1, le=MANY, description="Cap: tokens in and out, over all chat calls."
    )
    max_seconds: float | None = Field(
        default=None, gt=0, description="Cap: seconds that a trajectory works."
    )
    max_cost: float | None = Field(
        default=None, gt=0, description="Cap: money spent, in the currency of the prices (USD)."
    )
    budget: str | None = Field(
        default=None,
        min_length=1,
        description="Name of caps shared by all runs that name it, in any process under one "
        "GEMS_HOME; none: each trajectory has its own.",
    )
    prices: dict[str, Price] = Field(
        default={},
        description="Prices by model or generator name: input, output, cached per million tokens, "
        "image each; they win over the packaged table.",
    )
