"""The models and the generator of a run: by name, or objects of the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from gems_graph.calls.budget import check_prices
from gems_graph.errors import ConfigError
from gems_graph.generators import (
    Generator,
    GeneratorSpec,
    capabilities_of,
    check_pictures,
    check_request,
    lent,
    notes_on,
)
from gems_graph.generators.asking import chat_of, check_can_draw, with_illustrator
from gems_graph.generators.function import FunctionGenerator, name_of
from gems_graph.generators.pipeline import PipelineGenerator
from gems_graph.models import Chat, open_chat
from gems_graph.settings import Settings
from gems_graph.settings.notes import known_notes
from gems_graph.settings.objects import refuse_object
from gems_graph.settings.roles import ILLUSTRATOR, ModelSpec, Role


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
        """The spec of the generator, with the name of the caller's object if it is one."""
        spec = self.settings.generator_spec
        if self.generator is None:
            return spec
        return spec.model_copy(update={"name": name_of(self.generator)})

    @property
    def generator_key(self) -> str:
        """The name of the generator in keys of the journal: its own, else that in the settings."""
        given = getattr(self.generator, "given", self.generator)
        return str(getattr(given, "name", None) or self.settings.generator)

    @property
    def generator_notes(self) -> str:
        """How to address the generator: as the user says, else as it declares."""
        if (chosen := self.settings.generator_notes) is not None:
            return known_notes(chosen) or chosen
        if self.generator is not None:
            return capabilities_of(self.generator).notes
        return notes_on(self.spec.members[0])

    @property
    def asked(self) -> ModelSpec | None:
        """The chat model that the generator has draw, over the run's own; None: it asks none."""
        return None if self.generator else chat_of(self.spec)

    @property
    def specs(self) -> list[GeneratorSpec]:
        """The specs of the generators in the order in which they are asked: a chain, or one."""
        return self.spec.members if self.generator is None else [self.spec]

    def drawer(self, spec: GeneratorSpec) -> AbstractAsyncContextManager[Generator]:
        """Return a context in which a generator is open."""
        given = self.generator
        if given is None:
            return lent(spec)
        if isinstance(given, FunctionGenerator | PipelineGenerator) and self.spec.options:
            given = given.with_options(self.spec.options)
        return nullcontext(given)

    def chat(self, role: Role) -> Chat | None:
        """Return the caller's own model for a role; a role named in the settings goes first."""
        if role in self.settings.roles:
            return self.models.get(role)
        if role == ILLUSTRATOR and self.asked and self.asked.mllm:
            return None
        return self.models.get(role) or self.models.get("default")

    def names(self) -> dict[str, str]:
        """Return who plays each role, and the generator, as records and prices name them."""
        names = {role: self._name(role) for role in self._playing}
        return {**names, "generator": self.spec.name}

    async def check(self, pictures: int = 0) -> None:
        """Make sure that models and generator can be had and take what they will be given.

        Args:
            pictures: of the user's, for the generator to go by.

        Raises:
            ConfigError: they cannot or do not, or a price is unknown under a cap on money.
        """
        asked = await asyncio.to_thread(lambda: self.asked)  # imports, and reads what is installed
        for role in self.roles:
            if self.chat(role) is None:
                refuse_object(self.settings.model_for(role).mllm, "mllm")
        check_prices(self.settings, [*map(self._name, self._playing), *self.specs])
        spec = self.spec
        takes_options = self.generator is None or capabilities_of(self.generator).options
        if self.generator is not None and (spec.url or (spec.options and not takes_options)):
            msg = (
                f"The generator {spec.name!r} is an object of yours: give it its options and "
                "address yourself, and leave generator_options and generator_url out."
            )
            raise ConfigError(msg)
        for each in self.specs:
            async with self.drawer(each) as generator:
                check_request(each, generator, self.settings.size_px)
                can = capabilities_of(generator)
                check_pictures(each.name, can, pictures, edit=self.settings.edit)
        if asked is not None and self.chat(ILLUSTRATOR) is None:
            check_can_draw(self._model(ILLUSTRATOR))
            await asyncio.to_thread(open_chat, self._model(ILLUSTRATOR))

    def _name(self, role: Role) -> str:
        chat = self.chat(role)
        return chat.name if chat else self._model(role).mllm or ""

    def _model(self, role: Role) -> ModelSpec:
        """Return the model that the settings name for a role."""
        if role == ILLUSTRATOR and self.asked:
            return with_illustrator(self.settings, self.asked).model_for(role)
        return self.settings.model_for(role)

    @property
    def _playing(self) -> list[Role]:
        """All roles that are asked, with the illustrator where the generator has one draw."""
        return [*self.roles, *([ILLUSTRATOR] if self.asked is not None else [])]
