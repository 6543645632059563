"""The models and the generator of a run: by name, or objects of the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from gems_graph.calls.budget import check_prices
from gems_graph.errors import ConfigError
from gems_graph.generators import (
    Generator,
    GeneratorSpec,
    capabilities_of,
    check_request,
    lent,
    notes_on,
)
from gems_graph.models import Chat
from gems_graph.settings import Settings
from gems_graph.settings.notes import known_notes
from gems_graph.settings.roles import Role


@dataclass(frozen=True)
class Backends:
    """The models and the generator of a run.

    Attributes:
        settings: name them, where they are no objects.
        models: made by the caller, by role or for all as `default`.
        generator: made by the caller.
        roles: in play.
    """

    settings: Settings
    models: Mapping[str, Chat]
    generator: Generator | None
    roles: Sequence[Role]

    @property
    def spec(self) -> GeneratorSpec:
        """The spec of the generator, named as the caller's object if that has a name."""
        spec, name = self.settings.generator_spec, getattr(self.generator, "name", None)
        return spec.model_copy(update={"name": str(name)}) if name else spec

    @property
    def generator_notes(self) -> str:
        """How to address the generator: as the user says, else as it declares."""
        if (chosen := self.settings.generator_notes) is not None:
            return known_notes(chosen) or chosen
        if self.generator is not None:
            return capabilities_of(self.generator).notes
        return notes_on(self.spec)

    def drawer(self) -> AbstractAsyncContextManager[Generator]:
        """Return a context in which the generator is open."""
        return lent(self.spec) if self.generator is None else nullcontext(self.generator)

    def chat(self, role: Role) -> Chat | None:
        """Return the caller's own model for a role; a role named in the settings goes first."""
        if role in self.settings.roles:
            return self.models.get(role)
        return self.models.get(role) or self.models.get("default")

    def names(self) -> dict[str, str]:
        """Return who plays each role, and the generator, as records and prices name them."""
        return {**{role: self._name(role) for role in self.roles}, "generator": self.spec.name}

    async def check(self) -> None:
        """Make sure that the generator can be opened and takes what it will be given, and prices.

        Raises:
            ConfigError: it cannot or does not, or a price is unknown under a cap on money.
        """
        check_prices(self.settings, [*map(self._name, self.roles), self.spec])
        spec = self.spec
        if self.generator is not None and (spec.options or spec.url):
            msg = (
                f"The generator {spec.name!r} is an object of yours: give it its options and "
                "address yourself, and leave generator_options and generator_url out."
            )
            raise ConfigError(msg)
        async with self.drawer() as generator:
            check_request(spec, generator, self.settings.size_px)

    def _name(self, role: Role) -> str:
        chat = self.chat(role)
        return chat.name if chat else self.settings.model_for(role).mllm or ""
