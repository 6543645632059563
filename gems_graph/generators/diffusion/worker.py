"""A pipeline and the one thread that touches it; each loaded once in a process."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.diffusion.private_hooks import progress_bar_of
from gems_graph.system.processes import Lock, renew_in_children

T = TypeVar("T")


class Worker:
    """Pipelines keep state while they draw, and so do their parts: all calls come in one thread.

    Args:
        load: returns the pipeline; called in that thread.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self.renew()
        renew_in_children(self)
        self.pipeline, self.redrawer = self._thread.submit(_with_redrawer, load).result()
        self.users = 0

    def renew(self) -> None:
        """Take a new thread; in a forked child there is none."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gems-diffusers")

    async def run(self, job: Callable[[threading.Event], T]) -> T:
        """Return what a job returns; one that nobody waits for any more finds its event set."""
        stop, context = threading.Event(), contextvars.copy_context()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, context.run, job, stop)
        except asyncio.CancelledError:
            stop.set()
            raise

    async def close(self) -> None:
        """Let go of the pipeline and of the memory of its device, when what it draws is drawn."""
        await self.run(lambda _: self._let_go())
        self._thread.shutdown(wait=False)

    def _let_go(self) -> None:
        from gems_graph.generators.diffusion.batch import free_memory

        self.pipeline = self.redrawer = None
        free_memory()


_WORKERS: dict[str, Worker] = {}
_lock = Lock()


def shared(key: str, load: Callable[[], Any]) -> Worker:
    """Return the process's one worker of a pipeline; load it if nobody has.

    Args:
        key: everything that decides what is loaded.
        load: returns the pipeline.
    """
    with _lock:
        worker = _WORKERS.get(key) or Worker(load)
        _WORKERS[key] = worker
        worker.users += 1
        return worker


async def give_back(key: str) -> None:
    """Say that one user less draws; the last closes the pipeline."""
    with _lock:
        worker = _WORKERS[key]
        worker.users -= 1
        if worker.users:
            return
        del _WORKERS[key]
    await worker.close()


def _with_redrawer(load: Callable[[], Any]) -> tuple[Any, Any]:
    """Return a pipeline, and one with the same weights that redraws a picture; None: none does."""
    pipeline, diffusers = load(), sys.modules.get("diffusers")
    if diffusers is None or not isinstance(pipeline, diffusers.DiffusionPipeline):
        return pipeline, None
    if CallForm.of(type(pipeline)).picture:  # and so needs no sibling
        return pipeline, None
    try:
        redrawer = diffusers.AutoPipelineForImage2Image.from_pipe(pipeline)
        redrawer.set_progress_bar_config(**progress_bar_of(pipeline))
        return pipeline, redrawer
    except ValueError:  # there is none for such a pipeline
        return pipeline, None
