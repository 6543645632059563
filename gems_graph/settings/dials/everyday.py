"""What most people set: models, picture, rounds."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gems_graph.settings.credentials import OpenText
from gems_graph.settings.dials.base import Dials
from gems_graph.settings.presets import Preset

_PIXELS = 64_000_000  # more than any store of ours keeps


def _size(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{1,4}x[1-9]\d{1,4}", value):
        msg = "write it as WIDTHxHEIGHT in pixels, for example 1024x1024"
        raise ValueError(msg)
    if isinstance(value, str) and math.prod(map(int, value.split("x"))) > _PIXELS:
        msg = f"a picture has {_PIXELS:,} pixels at most, 8000x8000"
        raise ValueError(msg)
    return value


class EverydayDials(Dials):
    """What most people set: models, picture, rounds."""

    preset: Preset = Field(
        default="paper",
        description="Named set of dials: the paper, the authors' code, the ablations of Fig. 4; "
        "dials set beside it win.",
    )
    mllm: str = Field(
        default="mini",
        min_length=1,
        description="Chat model for all roles: `mini` (offline, rule-based), `compat:MODEL` "
        "(any OpenAI-compatible server) or `provider:model` of LangChain.",
    )
    mllm_url: OpenText | None = Field(
        default=None, description="Base URL for `compat:`, for example http://localhost:8000/v1."
    )
    generator: OpenText = Field(
        default="mini",
        min_length=1,
        description="Image generator: `mini` (offline, a small illustrated world), `openai:MODEL`, "
        "`chat:MODEL`, `gemini:MODEL`, `comfyui:WORKFLOW`, `http:URL`.",
    )
    generator_url: OpenText | None = Field(
        default=None,
        description="Address of the generator's server, where its name has none; several that "
        "draw alike, apart by commas, share the work.",
    )
    size: Annotated[str | None, BeforeValidator(_size)] = Field(
        default=None, description="Picture size as WIDTHxHEIGHT; none: the generator's own."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**31,
        description="Seed of the first round; none: drawn at random and recorded.",
    )
    max_iterations: int = Field(
        default=5,
        ge=1,
        le=50,
        description="Rounds at most, each one image or its `variations` (N_max).",
    )
    pause: Literal["never", "criteria", "verdicts", "both"] = Field(
        default="never",
        description="Stop and ask a person: about the criteria, before any picture is paid; about "
        "each verdict; or both. Needs a checkpointer.",
    )
