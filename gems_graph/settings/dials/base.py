"""What all groups of dials have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

MANY = 10**15
"""More than anything that is counted; sums of it fit a checkpoint and a database."""


class Dials(BaseModel):
    """Dials that cannot be changed once set; unknown ones are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True,
        allow_inf_nan=False,
    )  # fmt: skip
