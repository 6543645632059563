"""The background event loop that all runs of the process share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from gems_graph.system.processes import Lock, renew_in_children

T = TypeVar("T")
_WORKERS = 8  # threads for files and pictures, all in all


class BackgroundLoop:
    """One background event loop for the whole process, however a run was started.

    It owns every client, limit and node, so that `invoke`, `ainvoke`, a notebook and a dev
    server, mixed in one process, never meet a connection that belongs to a closed loop.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Forget the loop: its thread is not there in a forked child."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; started on first use."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="gems-io")
                self._loop.set_default_executor(workers)
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="gems-io", daemon=True
                )
                self._thread.start()
            return self._loop

    def submit(self, coroutine: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Begin on the background loop, for a caller on any other thread.

        Raises:
            RuntimeError: called from the background loop itself, where it would wait forever.
        """
        if threading.current_thread() is self._thread:
            msg = "A run was begun inside an async node: await graph.ainvoke or arun instead."
            raise RuntimeError(msg)
        return asyncio.run_coroutine_threadsafe(coroutine(), self.loop)

    def run(self, coroutine: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run to the end on the background loop; Ctrl-C cancels what it waits for.

        Raises:
            RuntimeError: called from the background loop itself, where it would wait forever.
        """
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def arun(self, coroutine: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await on the background loop; cancelling the waiter cancels the call."""
        if asyncio.get_running_loop() is self._loop:
            return await coroutine()
        future = asyncio.run_coroutine_threadsafe(coroutine(), self.loop)
        return await asyncio.wrap_future(future)


BACKGROUND = BackgroundLoop()
