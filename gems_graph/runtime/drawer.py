"""The image generator of a run, as nodes use it: a prompt in, kept pictures out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gems_graph.calls.budget import Budget, Place
from gems_graph.calls.paid import PaidCall, pay
from gems_graph.errors import GeneratorError
from gems_graph.events import PictureReady, Progress, RoundStarted, Tell, silent
from gems_graph.generators import Generator, GeneratorSpec, Picture, adapt
from gems_graph.generators.request import Progress as ToldSteps
from gems_graph.images import Store
from gems_graph.models import Chat
from gems_graph.runtime.backends import Backends
from gems_graph.runtime.drawing import Drawing, drawn_by
from gems_graph.runtime.illustrator import Illustrator
from gems_graph.runtime.library import Library
from gems_graph.settings import Settings
from gems_graph.settings.roles import GEMS_ROLES, Role
from gems_graph.skills import Skill
from gems_graph.state import ImageRef, Variation

_NOWHERE = Place()


class Drawer(Library):
    """The generator of one call of a node, and who pays for it.

    Args:
        settings: in effect for this call.
        store: where pictures and long texts go.
        place: where in which trajectory: the scope of its caps, and which calls are the same.
        models: chat models made by the caller, by role or for all as `default`.
        generator: an image generator made by the caller, or whatever `adapt` takes.
        skills: made by the caller.
        roles: in play, as the strategy declares them.
        prompts: folder of the strategy's own templates, which win over the packaged ones.

    Attributes:
        tell: takes the events of drawing and judging as they happen.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        place: Place = _NOWHERE,
        models: Mapping[str, Chat] | None = None,
        generator: Generator | Callable[..., Any] | None = None,
        skills: Sequence[Skill] = (),
        roles: Sequence[Role] = GEMS_ROLES,
        prompts: Path | None = None,
    ) -> None:
        super().__init__(settings, store, skills)
        self.tell: Tell = silent
        self._prompts = prompts
        self._place, self._budget = place, Budget(settings, place)
        self._budget.on_wait = lambda event: self.tell(event)
        drawer = None if generator is None else adapt(generator)
        self._backends = Backends(settings, models or {}, drawer, roles)

    async def generate(
        self,
        prompt: str,
        seed: int,
        round: int | None = None,  # noqa: A002  # the paper's word
        *,
        branch: str = "",
        sides: Collection[int] = (),
        images: Sequence[ImageRef] = (),
        instruction: str = "",
    ) -> ImageRef:
        """Draw one picture and keep it.

        Args:
            prompt: what to draw.
            seed: of the noise.
            round: whose picture it is; the one that the node works on, if not given.
            branch: as for `draw`, as are the others.
            sides: sizes in pixels that models will be shown next.
            images: to go by.
            instruction: what to change in the first of `images`.

        Raises:
            GeneratorError: the generator failed or returned no picture.
            BudgetError: a cap would be exceeded.
        """
        [drawn] = await self.draw(
            prompt, seed, round=round, branch=branch, sides=sides, images=images,
            instruction=instruction,
        )  # fmt: skip
        return drawn["image"]

    async def draw(
        self,
        prompt: str,
        seed: int,
        n: int = 1,
        *,
        round: int | None = None,  # noqa: A002  # the paper's word
        branch: str = "",
        sides: Collection[int] = (),
        images: Sequence[ImageRef] = (),
        instruction: str = "",
    ) -> list[Variation]:
        """Draw pictures of one prompt and keep them.

        They are drawn in as few calls as the generator allows, in one for each where a cap bounds
        them. One that fails is noted, and costs no other.

        Args:
            prompt: what to draw.
            seed: of the noise of the first; the others have the next ones.
            n: how many.
            round: whose pictures they are; the one that the node works on, if not given.
            branch: tells apart what a strategy draws side by side; empty: there is one.
            sides: sizes in pixels that models will be shown next, to be encoded ahead; empty:
                `vision_max_side`.
            images: to go by, for generators that take them.
            instruction: what to change in the first of `images`; empty: nothing is edited.

        Returns:
            One picture at least, in the order of their seeds.

        Raises:
            GeneratorError: the generator failed or returned no picture.
            BudgetError: a cap would be exceeded.
        """
        of = self._place.round if round is None else round
        drawing = Drawing(
            prompt, seed, self._backends.spec, self.settings, self.store, n, (*images,), instruction
        )
        self.tell(RoundStarted(type="round_started", round=of, prompt=prompt, seed=seed))
        *before, last = self._backends.specs
        for spec in (*before, last):
            try:
                async with self._backends.drawer(spec) as generator:
                    parts = drawing.parts(self._at_once(generator))
                    calls = self._calls(parts, spec, generator, of, branch)
                    results = await asyncio.gather(
                        *(pay(call, self._budget) for call in calls), return_exceptions=True
                    )
                drawn = drawn_by(parts, results)
                break
            except GeneratorError as error:
                if spec is last:
                    raise
                drawing = drawing.failed(spec, error)
        for each in drawn:
            drawing.prepare_views(each["image"], sides or {self.settings.vision_max_side})
            self.tell(PictureReady(type="picture_ready", round=of, image=each["image"]))
        return drawn

    def _calls(
        self, parts: Sequence[Drawing], spec: GeneratorSpec, generator: Generator, n: int,
        branch: str,
    ) -> list[PaidCall[list[Picture], list[Variation]]]:  # fmt: skip
        asks = Illustrator(
            self.settings, self._backends, self._budget, f"{n}/{branch}", self.store, self._prompts
        )
        return [
            part.by(spec).call(generator, self._budget, self._key(part, n, branch), told, asks)
            for part, told in zip(parts, self._steps(n, parts), strict=True)
        ]

    def _at_once(self, generator: Generator) -> int:
        return 1 if self._budget.bounds_pictures else max(1, generator.capabilities.n)

    def _key(self, part: Drawing, n: int, branch: str) -> str:
        name = self._backends.generator_key
        return self._budget.key("generator", name, part.request, round=n, branch=branch)

    def _steps(self, n: int, parts: Sequence[Drawing]) -> list[ToldSteps]:
        """Return what each of several calls tells its steps; what is passed on is their sum."""
        so_far = [0] * len(parts)

        def told_by(k: int) -> ToldSteps:
            def tell(done: int, of: int) -> None:
                so_far[k] = done
                done, of = sum(so_far), of * len(so_far)
                self.tell(Progress(type="progress", what="step", round=n, done=done, of=of))

            return tell

        return [told_by(k) for k in range(len(parts))]
