"""All dials of a run, in groups."""

from __future__ import annotations

from typing import Any, Self

from pydantic import ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from gems_graph.errors import ConfigError
from gems_graph.settings.dials.base import Dials
from gems_graph.settings.dials.calls import CallDials
from gems_graph.settings.dials.caps import CapDials
from gems_graph.settings.dials.everyday import EverydayDials
from gems_graph.settings.dials.generators import GeneratorDials
from gems_graph.settings.dials.memory import MemoryDials
from gems_graph.settings.dials.models import ModelDials
from gems_graph.settings.dials.planning import PlanningDials
from gems_graph.settings.dials.strategies import StrategyDials
from gems_graph.settings.dials.verdicts import VerdictDials
from gems_graph.settings.generator import GeneratorSpec
from gems_graph.settings.invalid import in_words
from gems_graph.settings.roles import ModelSpec, Role


class Settings(
    CapDials, CallDials, StrategyDials, MemoryDials, VerdictDials, PlanningDials, GeneratorDials,
    ModelDials, EverydayDials,
):  # fmt: skip
    """Every dial of a run; no secrets, so that it can be kept with the trajectory.

    The fields stand in the order of the groups from right to left, everyday ones first.

    Raises:
        ConfigError: there is no such setting, or it cannot have that value.
    """

    model_config = ConfigDict(defer_build=False)

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_sentence(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Say what is wrong in one sentence, also where LangGraph makes them of a `context`."""
        try:
            return validate(value)
        except ValidationError as error:
            raise ConfigError(in_words(error, cls.model_fields)) from error

    def model_for(self, role: Role) -> ModelSpec:
        """Return the chat model of a role, with its options."""
        default = ModelSpec(
            mllm=self.mllm,
            mllm_url=self.mllm_url,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            extra_body=self.extra_body,
        )
        return self.roles[role].over(default) if role in self.roles else default

    @property
    def generator_spec(self) -> GeneratorSpec:
        """The image generator, with its options."""
        options = self.generator_options.items()
        return GeneratorSpec(
            name=self.generator,
            url=self.generator_url,
            options={name: value for name, value in options if value is not None},
            concurrency=self.generator_concurrency,
            price=self.generator_price,
        )

    @property
    def size_px(self) -> tuple[int, int] | None:
        """The picture size as (width, height) in pixels."""
        if self.size is None:
            return None
        width, _, height = self.size.partition("x")
        return int(width), int(height)


GROUPS: tuple[type[Dials], ...] = tuple(
    group for group in reversed(Settings.__mro__) if issubclass(group, Dials)
)[1:-1]
"""The groups of dials in their order; the first line of each docstring is its title."""
