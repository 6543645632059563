"""What a generator drew, put into the store with where it comes from, and found there again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from gems_graph.calls.amounts import Outcome
from gems_graph.calls.ledger import Usage, no_usage
from gems_graph.calls.paid import Effort
from gems_graph.calls.retry import GarbledError
from gems_graph.errors import GeneratorError
from gems_graph.generators import GenerateRequest, Generator, Picture, encode
from gems_graph.generators.checking import check_picture
from gems_graph.generators.facts import facts_of, size_in
from gems_graph.images import NoPictureError, Store
from gems_graph.settings.prices import Price
from gems_graph.state import ImageRef, Variation


@dataclass(frozen=True)
class Keeper:
    """Keeps the pictures of one call.

    Attributes:
        store: where they go.
        generator: that draws.
        name: of it in the settings.
        request: that it draws for.
        price: of it, if that is known.
        form: of pictures that it does not encode itself.
        sources: what else is recorded of where they come from.
        notes: what is noted of each.
    """

    store: Store
    generator: Generator
    name: str
    request: GenerateRequest
    price: Price | None
    form: Literal["webp", "png"]
    sources: Mapping[str, Any]
    notes: tuple[str, ...]

    async def keep(self, pictures: list[Picture], effort: Effort) -> Outcome[list[Variation]]:
        """Keep pictures; of several, those that are fine.

        Raises:
            GarbledError: none is, and asking again may help.
            GeneratorError: none is, or there are more or fewer than were asked for.
        """
        n = self.request.n
        if len(pictures) != n:
            asked = f"not {'one' if n == 1 else n}"
            msg = f"The generator {self.name!r} returned {len(pictures)} pictures, {asked}."
            raise GeneratorError(msg)
        kept, failures = list[Variation](), list[Exception]()
        for seed, picture in enumerate(pictures, start=self.request.seed):
            request = replace(self.request, seed=seed)
            facts = facts_of(picture, request, self.generator, self.name, effort.seconds)
            size, black = size_in(facts, request), self.generator.capabilities.black
            try:
                ref = await asyncio.to_thread(
                    self.store.put_image,
                    await asyncio.to_thread(encode, picture.data, self.form),
                    partial(check_picture, size=size, black=black),
                )
            except NoPictureError as error:  # a proxy's error page, half a file: try again
                failures.append(GarbledError(str(error)))
            except GeneratorError as error:
                failures.append(error)
            else:
                kept.append(Variation(seed=seed, image=self._described(ref, facts)))
        if not kept:
            raise failures[0]
        add_notes(kept[0]["image"], [f"A picture was lost: {failure}" for failure in failures])
        usage = self._usage(effort)
        return Outcome(kept, usage, artifact=(kept if n > 1 else kept[0]["image"], usage))

    async def recall(
        self, artifact: tuple[ImageRef | list[Variation], Usage]
    ) -> Outcome[list[Variation]] | None:
        """Return what was drawn before, as far as the store has it; None if it has lost all."""
        drawn, usage = artifact
        if not isinstance(drawn, list):
            drawn = [Variation(seed=self.request.seed, image=drawn)]
        present = [
            each
            for each in drawn
            if await asyncio.to_thread(self.store.has, each["image"]["sha256"])
        ]
        return Outcome(present, usage) if present else None

    def _described(self, ref: ImageRef, facts: dict[str, Any]) -> ImageRef:
        """Return the reference of a picture with how it was made."""
        described = ImageRef(**{**ref, "made": {**facts, **self.sources}})
        notes = [*self.notes, *described["made"].pop("notes", [])]
        add_notes(described, notes)
        return described

    def _usage(self, effort: Effort) -> Usage:
        return Usage(
            **{
                **no_usage(),
                "retries": effort.tries - 1,
                "images": self.request.n,
                "seconds": effort.seconds,
                "cost": self.price.image * self.request.n if self.price else None,
            }
        )


def add_notes(ref: ImageRef, notes: list[str]) -> None:
    """Add to what is to be said of a picture."""
    if notes:
        made = ref.setdefault("made", {})
        made["notes"] = [*made.get("notes", []), *notes]
