"""One picture, however many tries it takes: limited, reserved, repeated, kept."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from gems_graph.calls.budget import Purse
from gems_graph.calls.ledger import Usage, nothing
from gems_graph.calls.limits import Limits
from gems_graph.calls.retry import GarbledError, persistently, within
from gems_graph.errors import GeneratorError
from gems_graph.generators import Generator, encode
from gems_graph.images import NoPictureError, Store
from gems_graph.settings import Settings
from gems_graph.state import ImageRef

_AFTERWARDS = 0.06  # seconds


class Drawing:
    """Draws with one generator under the settings and caps of a run.

    Args:
        draw: the generator.
        name: how records and prices name it.
        settings: time limit, retries, limits, size.
        store: where the picture goes.
        purse: reserves before each try.
    """

    def __init__(
        self, draw: Generator, name: str, settings: Settings, store: Store, purse: Purse
    ) -> None:
        self._draw, self._name, self._settings = draw, name, settings
        self._store, self._purse = store, purse
        self._tries, self._seconds = 0, 0.0

    async def run(self, prompt: str, seed: int) -> ImageRef:
        """Draw one picture and keep it.

        Raises:
            GeneratorError: the generator failed or returned no picture.
            BudgetError: a cap would be exceeded.
        """
        ref, usage = await persistently(
            lambda: self._try(prompt, seed),
            retries=self._settings.retries,
            wait=self._settings.retry_wait,
            failure=GeneratorError,
            what=f"The generator {self._name!r}",
        )
        self._purse.note("generator", usage)
        self._prepare_views(ref)
        return ref

    async def _try(self, prompt: str, seed: int) -> tuple[ImageRef, Usage]:
        key = self._purse.key(
            "generator", self._name, [prompt, str(seed), str(self._settings.size)]
        )
        drawn = await self._draw_once(prompt, seed, key)
        if drawn is None:  # its file is gone
            drawn = await self._draw_once(prompt, seed, key, anew=True)
        assert drawn is not None  # a new one is there
        return drawn

    async def _draw_once(
        self, prompt: str, seed: int, key: str, *, anew: bool = False
    ) -> tuple[ImageRef, Usage] | None:
        """Draw, or return what the same call drew before; None if the store has lost that."""
        amount = self._purse.image_amount(self._name)
        async with (
            Limits.of(f"generator:{self._name}", self._settings),
            self._purse.spending(amount, key, anew=anew) as ticket,
        ):
            if ticket.found is not None:
                return await asyncio.to_thread(self._recalled, ticket.found)
            self._tries += 1
            started = time.monotonic()
            try:
                picture = await within(self._settings.image_timeout, self._picture(prompt, seed))
            finally:
                self._seconds += time.monotonic() - started
            try:
                ref = await asyncio.to_thread(self._store.put_image, encode(picture))
            except NoPictureError as error:  # a proxy's error page, half a file: try again
                raise GarbledError(str(error)) from error
            drawn = ref, self._usage()
            ticket.artifact = json.dumps(drawn)
            return drawn

    def _recalled(self, artifact: str) -> tuple[ImageRef, Usage] | None:
        ref, usage = json.loads(artifact)
        return (ref, usage) if self._store.has(ref["sha256"]) else None

    def _usage(self) -> Usage:
        price = self._purse.price(self._name)
        return Usage(
            **{
                **nothing(),
                "retries": self._tries - 1,
                "images": 1,
                "seconds": self._seconds,
                "cost": price.image if price else None,
            }
        )

    def _prepare_views(self, ref: ImageRef) -> None:
        """Begin to encode what models will be shown, while the graph goes on."""
        settings, loop = self._settings, asyncio.get_running_loop()

        def encode(side: int) -> None:
            loop.run_in_executor(None, self._store.view, ref, side, settings.vision_format)

        encode(settings.vision_max_side)
        # for later rounds: when the probes are on their way, and the processor waits for answers
        loop.call_later(_AFTERWARDS, encode, settings.history_max_side)

    async def _picture(self, prompt: str, seed: int) -> Any:
        return await self._draw(prompt, seed=seed, size=self._settings.size_px)
