"""How chat models are asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gems_graph.settings.credentials import OpenFields
from gems_graph.settings.dials.base import MANY, Dials
from gems_graph.settings.roles import ModelSpec, Role


class ModelDials(Dials):
    """How chat models are asked."""

    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Sampling temperature; none: the server's own."
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=MANY,
        description="Tokens of one answer at most; none: the server's own.",
    )
    extra_body: OpenFields | None = Field(
        default=None, description="More fields for the body of a chat request (compat, openai)."
    )
    roles: dict[Role, ModelSpec] = Field(
        default={},
        description="Another model for a role of the strategy (planner, decomposer, verifier, "
        "refiner, compressor in GEMS) or for the judge: its name, or mllm, mllm_url, temperature, "
        "max_tokens, extra_body.",
    )
    structured: Literal["auto", "plain"] = Field(
        default="auto",
        description="`auto`: send the JSON schema of an answer to servers that take it; `plain`: "
        "ask in words only.",
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Times a model is asked before its answer is given up."
    )
    strict: bool = Field(
        default=False,
        description="An answer that nobody can read ends the run; off: the loop goes on without "
        "it, with a note.",
    )
