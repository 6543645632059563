"""One picture as a paid call: drawn, put into the store, found there again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gems_graph.calls.amounts import Outcome
from gems_graph.calls.budget import Budget
from gems_graph.calls.ledger import Usage, no_usage
from gems_graph.calls.limits import limits_of
from gems_graph.calls.paid import Effort, PaidCall
from gems_graph.calls.retry import GarbledError
from gems_graph.errors import GeneratorError
from gems_graph.generators import GenerateRequest, Generator, GeneratorSpec, Picture, encode
from gems_graph.generators.checking import check_picture
from gems_graph.generators.facts import facts_of, size_in
from gems_graph.generators.request import Ask, Progress
from gems_graph.images import NoPictureError, Store
from gems_graph.settings import Settings
from gems_graph.settings.prices import Price
from gems_graph.state import ImageRef

_LATER = 0.06  # seconds
_MORE = {"negative", "ratio", "steps", "guidance"}


@dataclass(frozen=True)
class Drawing:
    """A request for one picture.

    Attributes:
        prompt: what to draw.
        seed: of the noise.
        spec: of the generator, as records and prices name it.
        settings: time limit, retries, limits, size.
        store: where the picture goes.
        failures: of the generators of a chain that were asked before, a sentence each.
    """

    prompt: str
    seed: int
    spec: GeneratorSpec
    settings: Settings
    store: Store
    failures: tuple[str, ...] = ()

    @property
    def request(self) -> list[str]:
        """Everything that decides what is drawn, for the key of the call; as ever without more."""
        more = [json.dumps(self._more, sort_keys=True)] * bool(self._more)
        return [self.prompt, str(self.seed), str(self.settings.size), *self.spec.request, *more]

    @property
    def _more(self) -> dict[str, Any]:
        """What the settings ask for beside the size."""
        return self.settings.model_dump(include=_MORE, exclude_defaults=True)

    def by(self, spec: GeneratorSpec) -> Drawing:
        """Return the request as one for a certain generator of a chain."""
        return replace(self, spec=spec)

    def failed(self, spec: GeneratorSpec, error: GeneratorError) -> Drawing:
        """Return the request with the failure of a generator of its chain."""
        failure = f"The generator {spec.name!r} failed, and the next one drew. {error}"
        return replace(self, failures=(*self.failures, failure))

    def call(
        self, generator: Generator, budget: Budget, key: str, progress: Progress, asks: Ask
    ) -> PaidCall[list[Picture], ImageRef]:
        """Return the paid call that draws it.

        Args:
            generator: draws.
            budget: under which it is paid.
            key: of the call in the journal; empty: it is not kept there.
            progress: told of each step, if the generator can.
            asks: has a chat model draw, if the generator needs one.
        """
        settings, spec = self.settings, self.spec
        request = GenerateRequest(
            prompt=self.prompt, seed=self.seed, size=settings.size_px, key=key, progress=progress,
            ask=asks,
            **self._more,
        )  # fmt: skip
        concurrency = spec.concurrency or settings.concurrency
        concurrency = min(concurrency, generator.capabilities.concurrency or concurrency)
        server = f"generator:{spec.name}{spec.url or ''}"
        return PaidCall(
            callee=f"The generator {spec.name!r}",
            role="generator",
            limits=limits_of(server, concurrency, settings.requests_per_minute),
            most=budget.image_amount(spec),
            key=key,
            timeout=settings.image_timeout,
            retries=settings.retries,
            wait=settings.retry_wait,
            failure=GeneratorError,
            make=partial(generator.generate, request),
            read=partial(self._keep, generator, request, budget.price(spec)),
            recall=self._recall,
            key_variable=getattr(generator, "key_variable", ""),
        )

    def prepare_views(self, ref: ImageRef, sides: Collection[int]) -> None:
        """Begin to encode what models will be shown, while the graph goes on.

        Args:
            ref: of the picture.
            sides: sizes that the Verifier will ask for first, in pixels.
        """
        settings, loop = self.settings, asyncio.get_running_loop()

        def encode(side: int) -> None:
            with suppress(RuntimeError):  # the process is ending: nobody will look
                loop.run_in_executor(None, self.store.view, ref, side, settings.vision_format)

        for side in sorted(sides, reverse=True):
            encode(side)
        # for the Refiner: when the probes are on their way, and the processor waits for answers
        for side in (settings.vision_max_side, settings.history_max_side):
            loop.call_later(_LATER, encode, side)

    async def _keep(
        self, generator: Generator, request: GenerateRequest, price: Price | None,
        pictures: list[Picture], effort: Effort,
    ) -> Outcome[ImageRef]:  # fmt: skip
        """Put a picture into the store."""
        if len(pictures) != 1:
            msg = f"The generator {self.spec.name!r} returned {len(pictures)} pictures, not one."
            raise GeneratorError(msg)
        [picture] = pictures
        facts = facts_of(picture, request, generator, self.spec.name, effort.seconds)
        size, black = size_in(facts, request), generator.capabilities.black
        check = partial(check_picture, size=size, black=black)
        form = self.settings.picture_format
        try:
            ref = await asyncio.to_thread(
                lambda: self.store.put_image(encode(picture.data, form), check)
            )
        except NoPictureError as error:  # a proxy's error page, half a file: try again
            raise GarbledError(str(error)) from error
        notes = [*self.failures, *facts.get("notes", [])]
        ref["made"] = {**facts, **({"notes": notes} if notes else {})}
        usage = _usage(price, effort)
        return Outcome(ref, usage, artifact=(ref, usage))

    async def _recall(self, artifact: tuple[ImageRef, Usage]) -> Outcome[ImageRef] | None:
        """Return what was drawn before; None if the store has lost it."""
        ref, usage = artifact
        stored = await asyncio.to_thread(self.store.has, ref["sha256"])
        return Outcome(ref, usage) if stored else None


def _usage(price: Price | None, effort: Effort) -> Usage:
    return Usage(
        **{
            **no_usage(),
            "retries": effort.tries - 1,
            "images": 1,
            "seconds": effort.seconds,
            "cost": price.image if price else None,
        }
    )
