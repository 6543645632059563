"""Pictures of one prompt as a paid call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gems_graph.calls.budget import Budget
from gems_graph.calls.limits import limits_of
from gems_graph.calls.paid import PaidCall
from gems_graph.errors import BadRequestError, BudgetError, GeneratorError
from gems_graph.generators import GenerateRequest, Generator, GeneratorSpec, Picture
from gems_graph.generators.request import Ask, Progress
from gems_graph.images import Store
from gems_graph.prompting.wording import counted
from gems_graph.runtime.keeping import Keeper, add_notes
from gems_graph.settings import Settings
from gems_graph.state import ImageRef, Variation

_LATER = 0.06  # seconds
_DIALS = {"negative", "ratio", "steps", "guidance"}
_EMPTY: tuple[object, ...] = ([], "", 1)


@dataclass(frozen=True)
class Drawing:
    """A request for pictures of one prompt.

    Attributes:
        prompt: what to draw.
        seed: of the noise of the first.
        spec: of the generator, as records and prices name it.
        settings: time limit, retries, limits, size.
        store: where the pictures go.
        n: how many, with seed, seed + 1, ...
        images: pictures to go by.
        instruction: what to change in the first of them; empty: nothing is edited.
        failures: of the generators of a chain that were asked before, and what is left out, a
            sentence each.
    """

    prompt: str
    seed: int
    spec: GeneratorSpec
    settings: Settings
    store: Store
    n: int = 1
    images: tuple[ImageRef, ...] = ()
    instruction: str = ""
    failures: tuple[str, ...] = ()

    @property
    def request(self) -> list[str]:
        """Everything that decides what is drawn, for the key of the call; as ever without more."""
        sources = {"images": self._hashes, "instruction": self.instruction, "n": self.n}
        more = {**self._dials, **{k: value for k, value in sources.items() if value not in _EMPTY}}
        texts = [json.dumps(more, sort_keys=True)] * bool(more)
        return [self.prompt, str(self.seed), str(self.settings.size), *self.spec.request, *texts]

    @property
    def _dials(self) -> dict[str, Any]:
        """What the settings ask for beside the size."""
        return self.settings.model_dump(include=_DIALS, exclude_defaults=True)

    @property
    def _hashes(self) -> list[str]:
        return [image["sha256"] for image in self.images]

    @property
    def _provenance(self) -> dict[str, Any]:
        """The pictures that it goes by, by hash: the one that is edited, and the others."""
        first = 1 if self.instruction else 0
        edited, others = "".join(self._hashes[:first]), self._hashes[first:]
        return {name: at for name, at in (("edited", edited), ("images", others)) if at}

    def parts(self, at_once: int) -> list[Drawing]:
        """Return the request as several, for so many pictures each at most."""
        starts = range(0, self.n, at_once)
        return [replace(self, seed=self.seed + k, n=min(at_once, self.n - k)) for k in starts]

    def by(self, spec: GeneratorSpec) -> Drawing:
        """Return the request as one for a certain generator of a chain."""
        return replace(self, spec=spec)

    def failed(self, spec: GeneratorSpec, error: GeneratorError) -> Drawing:
        """Return the request with the failure of a generator of its chain."""
        failure = f"The generator {spec.name!r} failed, and the next one drew. {error}"
        return replace(self, failures=(*self.failures, failure))

    def call(
        self, generator: Generator, budget: Budget, key: str, progress: Progress, asks: Ask
    ) -> PaidCall[list[Picture], list[Variation]]:
        """Return the paid call that draws them.

        Args:
            generator: draws.
            budget: under which it is paid.
            key: of the call in the journal; empty: it is not kept there.
            progress: told of each step, if the generator can.
            asks: has a chat model draw, if the generator needs one.

        Raises:
            BadRequestError: the generator takes no pictures to go by, or not so many.
        """
        settings, spec, most = self.settings, self.spec, generator.capabilities.edits
        if self.instruction and 0 < most < len(self.images):
            return self._within(most).call(generator, budget, key, progress, asks)
        if len(self.images) > most:
            msg = (
                f"The generator {spec.name!r} takes {most or 'no'} pictures to go by or to edit, "
                f"not {len(self.images)}: name one that does."
            )
            raise BadRequestError(msg)
        request = GenerateRequest(
            prompt=self.prompt, seed=self.seed, size=settings.size_px, key=key, progress=progress,
            ask=asks, n=self.n, instruction=self.instruction,
            **self._dials,
        )  # fmt: skip
        keeper = Keeper(
            self.store, generator, spec.name, request, budget.price(spec),
            settings.picture_format, self._provenance, self.failures,
        )  # fmt: skip
        concurrency = spec.concurrency or settings.concurrency
        concurrency = min(concurrency, generator.capabilities.concurrency or concurrency)
        server = f"generator:{spec.name}{spec.url or ''}"
        return PaidCall(
            callee=f"The generator {spec.name!r}",
            role="generator",
            player=spec.name,
            limits=limits_of(server, concurrency, settings.requests_per_minute),
            most=budget.image_amount(spec, self.n),
            key=key,
            timeout=settings.image_timeout * self.n,
            retries=settings.retries,
            wait=settings.retry_wait,
            failure=GeneratorError,
            make=partial(self._with_images, generator, request)
            if self.images
            else partial(generator.generate, request),
            read=keeper.keep,
            recall=keeper.recall,
            key_variable=getattr(generator, "key_variable", ""),
        )

    def _within(self, most: int) -> Drawing:
        """Return an edit with as many pictures as a generator takes, the edited one first."""
        note = (
            f"The generator {self.spec.name!r} takes {counted(most, 'picture')} at a time: where "
            f"one is edited, {len(self.images) - most} to go by are left out."
        )
        return replace(self, images=self.images[:most], failures=(*self.failures, note))

    async def _with_images(self, generator: Generator, request: GenerateRequest) -> list[Picture]:
        """Draw after pictures, which are read only now that they are needed."""
        data = await asyncio.to_thread(lambda: tuple(map(self.store.read, self._hashes)))
        return await generator.generate(replace(request, images=data))

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


def drawn_by(
    parts: Sequence[Drawing], results: Sequence[list[Variation] | BaseException]
) -> list[Variation]:
    """Return what calls drew, with a note on each that failed.

    Raises:
        GeneratorError, BudgetError: all failed; the first failure.
    """
    failures = [each for each in results if isinstance(each, BaseException)]
    drawn = [each for result in results if isinstance(result, list) for each in result]
    others = [each for each in failures if not isinstance(each, GeneratorError | BudgetError)]
    if others or not drawn:
        raise (others or failures)[0]
    notes = [
        f"The picture with seed {part.seed} was lost: {result}"
        for part, result in zip(parts, results, strict=True)
        if isinstance(result, BaseException)
    ]
    add_notes(drawn[0]["image"], notes)
    return drawn
