"""Time limits, repeats, and calls at once."""

from __future__ import annotations

from pydantic import Field

from gems_graph.settings.dials.base import Dials


class CallDials(Dials):
    """Time limits, repeats, and calls at once."""

    retries: int = Field(
        default=4, ge=0, le=20, description="Times a call is repeated after a passing failure."
    )
    retry_wait: float = Field(
        default=1.0, ge=0, le=60, description="Seconds before the first repeat; doubles each time."
    )
    call_timeout: float = Field(
        default=180, gt=0, le=7200, description="Seconds one chat call may take."
    )
    image_timeout: float = Field(
        default=600, gt=0, le=7200, description="Seconds one image may take."
    )
    concurrency: int = Field(
        default=16, ge=1, le=256, description="Calls to one server at a time, over all runs."
    )
    requests_per_minute: float | None = Field(
        default=None,
        gt=0,
        description="Calls to one server a minute, over all runs; none: no limit.",
    )
    raise_on_error: bool = Field(
        default=False,
        description="Raise what fails after an image exists, instead of returning it.",
    )
