"""One picture, however many tries it takes: limited, reserved, repeated, kept."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from gems_graph.errors import GeneratorError
from gems_graph.generators import Generator, encode
from gems_graph.images import NoPictureError, Store
from gems_graph.ledger import nothing
from gems_graph.limits import Limits
from gems_graph.purse import Purse
from gems_graph.retry import GarbledError, persistently, within
from gems_graph.settings import Settings
from gems_graph.state import ImageRef


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
        ref = await persistently(
            lambda: self._try(prompt, seed),
            retries=self._settings.retries,
            wait=self._settings.retry_wait,
            failure=GeneratorError,
            what=f"The generator {self._name!r}",
        )
        price = self._purse.price(self._name)
        usage = nothing() | {
            "retries": self._tries - 1,
            "images": 1,
            "seconds": self._seconds,
            "cost": price.image if price else None,
        }
        self._purse.note("generator", usage)
        return ref

    async def _try(self, prompt: str, seed: int) -> ImageRef:
        async with (
            Limits.of(f"generator:{self._name}", self._settings),
            self._purse.spending(self._purse.image_amount(self._name)),
        ):
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
            self._prepare_views(ref)
            return ref

    def _prepare_views(self, ref: ImageRef) -> None:
        """Begin to encode what models will be shown, while the graph goes on."""
        settings, view = self._settings, self._store.view

        def encode_both() -> None:
            """Encode one after the other: the first is waited for, the second is for later."""
            view(ref, settings.vision_max_side, settings.vision_format)
            view(ref, settings.history_max_side, settings.vision_format)

        asyncio.get_running_loop().run_in_executor(None, encode_both)

    async def _picture(self, prompt: str, seed: int) -> Any:
        return await self._draw(prompt, seed=seed, size=self._settings.size_px)
