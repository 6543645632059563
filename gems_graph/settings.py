"""The dials of a run, and the presets that name sets of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gems_graph.errors import ConfigError

Preset = Literal["paper", "reference"]
Memory = Literal["none", "feedback", "images", "thought", "experience"]

PRESETS: dict[str, dict[str, Any]] = {
    # Eq. 6 and 7: refine with M_{i-1} and T_i, compress beside the refiner
    "paper": {},
    # the authors' code: compress first, refine with M_i; failures only, T_i never shown
    "reference": {
        "order": "reference",
        "show_passes": False,
        "show_thought": False,
        "compressor_sees": "experiences",
    },
}


def _size(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[1-9]\d{1,4}x[1-9]\d{1,4}", value):
        msg = "write it as WIDTHxHEIGHT in pixels, for example 1024x1024"
        raise ValueError(msg)
    return value


def _folders(value: object) -> object:
    return value.split(os.pathsep) if isinstance(value, str) else value


class Settings(BaseModel):
    """Every dial of a run; no secrets, so that it can be kept with the trajectory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Preset = Field(
        default="paper", description="Named set of dials; dials set beside it win."
    )
    mllm: str = Field(
        default="mini",
        min_length=1,
        description="Chat model for all roles: `mini` (offline, rule-based), `compat:MODEL` "
        "(any OpenAI-compatible server) or `provider:model` of LangChain.",
    )
    mllm_url: str | None = Field(
        default=None, description="Base URL for `compat:`, for example http://localhost:8000/v1."
    )
    generator: str = Field(
        default="mini",
        min_length=1,
        description="Image generator: `mini` (offline, coloured shapes) or `http:URL`.",
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
    reseed: bool = Field(
        default=True, description="Round i draws with seed + i - 1; off: the same noise each round."
    )
    max_iterations: int = Field(
        default=5, ge=1, le=50, description="Rounds at most, each one image (N_max)."
    )
    max_skills: int = Field(default=1, ge=0, le=8, description="Skills the Planner may pick.")
    max_criteria: int = Field(
        default=20, ge=1, le=100, description="Criteria kept from the Decomposer at most."
    )
    order: Literal["paper", "reference"] = Field(
        default="paper",
        description="`paper`: refine with M_{i-1} beside compressing (Eq. 6, 7); `reference`: "
        "compress first, then refine with M_i (the authors' code).",
    )
    memory: Memory = Field(
        default="experience",
        description="What the memory holds beside nothing: prompt and feedback; plus images; plus "
        "raw thought, or plus experience instead (Fig. 4 right, I to IV).",
    )
    show_passes: bool = Field(
        default=True, description="The Refiner sees criteria that passed, not only failures."
    )
    show_thought: bool = Field(default=True, description="The Refiner sees T_i (Eq. 6).")
    compressor_sees: Literal["memory", "experiences"] = Field(
        default="memory",
        description="Of the past, the Compressor sees M_{i-1} (Eq. 7) or only its experiences.",
    )
    experience_words: int = Field(
        default=100, ge=10, le=1000, description="Length of an experience, in words at most."
    )
    vision_max_side: int = Field(
        default=768, ge=64, le=4096, description="Longest side of a picture shown to a model (px)."
    )
    history_max_side: int = Field(
        default=384, ge=32, le=4096, description="The same for pictures of earlier rounds (px)."
    )
    prompts: str | None = Field(
        default=None, description="Folder whose prompt templates override the packaged ones."
    )
    skills: Annotated[list[str], BeforeValidator(_folders)] = Field(
        default=[], description="Folders of more skills; a later one wins over a name before it."
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Times a model is asked before its answer is given up."
    )
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
    raise_on_error: bool = Field(
        default=False,
        description="Raise what fails after an image exists, instead of returning it.",
    )

    @property
    def size_px(self) -> tuple[int, int] | None:
        """The picture size as (width, height) in pixels."""
        if self.size is None:
            return None
        width, _, height = self.size.partition("x")
        return int(width), int(height)


Layer = Settings | Mapping[str, Any] | None


def explicit(source: Layer) -> dict[str, Any]:
    """Return the dials that a source sets on purpose, its preset spelled out."""
    if isinstance(source, Settings):
        dials = source.model_dump(include=source.model_fields_set)
    else:
        dials = dict(source or {})
    return {**PRESETS.get(str(dials.get("preset")), {}), **dials}


def ours(context: object) -> Layer:
    """Return a run's context if it holds our dials; a parent graph's own object does not."""
    if isinstance(context, Settings):
        return context
    if isinstance(context, Mapping) and context.keys() <= Settings.model_fields.keys():
        return context
    return None


def settle(*layers: Layer) -> Settings:
    """Merge layers of dials, later ones first in rank, over the defaults.

    Raises:
        ConfigError: a value is out of bounds or of the wrong type.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= explicit(layer)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_in_words(error)) from error


def from_env(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the dials that `GEMS_*` variables set; empty ones set nothing."""
    names = {f"GEMS_{name.upper()}": name for name in Settings.model_fields}
    return {names[key]: value for key, value in environ.items() if key in names and value}


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "?"
    if first["type"] == "extra_forbidden":
        return f"There is no setting {name!r}; the settings are {', '.join(Settings.model_fields)}."
    field = Settings.model_fields.get(name)
    choices = get_args(field.annotation) if field else ()
    hint = f" ({field.description})" if field and choices else ""
    return f"The setting {name}={first['input']!r} is not valid: {first['msg']}{hint}."
