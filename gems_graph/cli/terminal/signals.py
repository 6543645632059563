"""SIGINT and SIGTERM: first drain, so that what is paid is kept; then stop at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from gems_graph.runs.stopping import Stopper

T = TypeVar("T")
GRACE = 8.0  # seconds after SIGTERM; whoever sends it will not wait much longer
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Handles signals while runs are under way.

    Attributes:
        stopper: give it to each run.
        signum: the first signal that came; 0: none.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.stopper, self.signum = Stopper(), 0
        self._say, self._loop = say, asyncio.get_running_loop()
        self._task = asyncio.current_task()

    def handle(self, signum: int) -> None:
        """Drain at the first signal, cancel at the second; SIGTERM does not wait for ever."""
        if self.signum:
            self._cancel()
            return
        self.signum = signum
        self.stopper.drain(signal.Signals(signum).name)
        if signum == signal.SIGTERM:
            self._loop.call_later(GRACE, self._cancel)
        self._say("Stopping when this step is done, so that it is not paid twice; Ctrl-C: at once.")

    async def until_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work; when this is cancelled, stop its runs at once and return what work returns.

        A second signal cancels it, and the first Ctrl-C where we handle no signals (Windows).
        """
        task = asyncio.create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.signum = self.signum or signal.SIGINT
            self.stopper.drain(signal.Signals(self.signum).name)
            if self.stopper.busy:
                self.stopper.cancel()
            else:  # it waits for a file or a database
                task.cancel()
            return await task

    def _cancel(self) -> None:
        if self._task and not self._task.done():
            self._task.cancel()


@contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[Signals]:
    """Handle signals while the block runs; where that cannot be, Ctrl-C cancels as usual."""
    signals, loop = Signals(say), asyncio.get_running_loop()
    try:
        for signum in _SIGNALS:
            loop.add_signal_handler(signum, signals.handle, signum)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield signals
        return
    try:
        yield signals
    finally:
        for signum in _SIGNALS:
            loop.remove_signal_handler(signum)
