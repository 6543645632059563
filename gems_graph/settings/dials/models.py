"""How chat models are asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from gems_graph.settings.credentials import OpenFields
from gems_graph.settings.dials.base import MANY, Dials
from gems_graph.settings.roles import ModelSpec, Role


def _listed(value: object) -> object:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


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
    text_only: Annotated[list[Role], BeforeValidator(_listed)] = Field(
        default=[],
        description="Roles whose model takes no pictures, for example refiner,compressor: where "
        "a prompt shows one, it says so in words. Never the verifier.",
    )
    structured: Literal["auto", "json", "plain"] = Field(
        default="auto",
        description="`auto`: send the JSON schema of an answer to servers that take it, else ask "
        "for a JSON object, else in words; `json`: a JSON object without its schema; `plain`: "
        "words only.",
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Times a model is asked before its answer is given up."
    )
    strict: bool = Field(
        default=False,
        description="An answer that nobody can read ends the run; off: the loop goes on without "
        "it, with a note.",
    )

    @field_validator("text_only")
    @classmethod
    def _the_verifier_sees(cls, roles: list[Role]) -> list[Role]:
        if "verifier" in roles:
            msg = "the verifier judges pictures; give it a model that takes them"
            raise ValueError(msg)
        return roles
