"""What an actor does: it holds a generator and draws with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from gems_graph.generators.opening import open_generator
from gems_graph.generators.protocol import Generator
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.settings.generator import Capabilities, GeneratorSpec

Step = tuple[int, int]


class Painter:
    """A generator in a process of its own; pipelines have a thread of their own in there.

    Args:
        name: of the generator.
        options: that it takes.
    """

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self._spec = GeneratorSpec(name=name, options=dict(options))
        self._generator: Generator | None = None

    async def open(self) -> Capabilities:
        """Open the generator, which may load much, and return what it can do.

        Raises:
            ConfigError: it cannot be opened.
        """
        self._generator = await asyncio.to_thread(open_generator, self._spec)
        return self._generator.capabilities

    async def draw(self, request: GenerateRequest) -> AsyncIterator[Step | list[Picture]]:
        """Yield each step, as the steps done and the steps in all, and the pictures at the end."""
        generator = self._generator
        if generator is None:  # an actor is opened before it is asked
            raise AssertionError
        loop = asyncio.get_running_loop()
        steps: asyncio.Queue[Step | None] = asyncio.Queue()

        def told(done: int, of: int) -> None:
            loop.call_soon_threadsafe(steps.put_nowait, (done, of))

        task = asyncio.create_task(generator.generate(replace(request, progress=told)))
        task.add_done_callback(lambda _: steps.put_nowait(None))
        try:
            while (step := await steps.get()) is not None:
                yield step
            yield await task
        finally:
            task.cancel()  # which a task that is done does not hear
