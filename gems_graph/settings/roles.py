"""Roles of the loop, and which chat model plays each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gems_graph.settings.credentials import OpenFields, OpenText

Role = str
"""Who asks a chat model: a strategy declares its roles, so the set is open."""
GEMS_ROLES: tuple[Role, ...] = ("planner", "decomposer", "verifier", "refiner", "compressor")
JUDGE: Role = "judge"
"""The role that evaluation asks, whatever the strategy."""
ILLUSTRATOR: Role = "illustrator"
"""The role that draws for a generator that has a chat model draw, whatever the strategy."""
_OPTIONS = {"url": "mllm_url", "temperature": "temperature", "max_tokens": "max_tokens"}


class ModelSpec(BaseModel):
    """A chat model and how it is called; for a role, what is unset falls to the default model."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    mllm: str | None = Field(default=None, min_length=1, description="Name of the chat model.")
    mllm_url: OpenText | None = Field(default=None, description="Base URL of its server.")
    temperature: float | None = Field(default=None, ge=0, le=2, description="Sampling temperature.")
    max_tokens: int | None = Field(
        default=None, ge=1, le=10**15, description="Tokens of one answer at most."
    )
    extra_body: OpenFields | None = Field(
        default=None, description="More fields for the body of a request, as its server has them."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        """Let a bare name stand for a model."""
        return {"mllm": value} if isinstance(value, str) else value

    def over(self, default: ModelSpec) -> ModelSpec:
        """Return this spec with what it leaves open taken from a default.

        Options of the default model go with the default model: another model keeps none of them.
        """
        if self.mllm and self.mllm != default.mllm:
            return self
        return default.model_copy(update=self.model_dump(exclude_none=True))


def split_variable(name: str) -> tuple[str, str] | None:
    """Read `MLLM_VERIFIER` as `("verifier", "mllm")`, `MLLM_VERIFIER_URL` as its `mllm_url`.

    Returns:
        Role and field of `ModelSpec`, or None for a name that is not of that form.
    """
    head, _, role_part = name.partition("_")
    if head != "MLLM" or not role_part:
        return None
    role = role_part.lower()
    for ending, field in _OPTIONS.items():
        if role.endswith(f"_{ending}"):
            return role.removesuffix(f"_{ending}"), field
    return role, "mllm"
