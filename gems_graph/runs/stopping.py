"""SIGINT and SIGTERM: first drain, so that what is paid is kept; then stop at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from langgraph.runtime import RunControl

GRACE = 8.0  # seconds after SIGTERM; whoever sends it will not wait much longer
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """What a signal has asked for.

    Attributes:
        control: give it to each run (`graph.astream(..., control=...)`); drains them all.
        signum: the first signal that came; 0: none.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.control, self.signum = RunControl(), 0
        self._say, self._loop = say, asyncio.get_running_loop()
        self._task = asyncio.current_task()

    def asked(self, signum: int) -> None:
        """Drain at the first signal, cancel at the second; SIGTERM does not wait for ever."""
        if self.signum:
            self._cancel()
            return
        self.signum = signum
        self.control.request_drain(signal.Signals(signum).name)
        if signum == signal.SIGTERM:
            self._loop.call_later(GRACE, self._cancel)
        self._say("Stopping when this step is done, so that it is not paid twice; Ctrl-C: at once.")

    def _cancel(self) -> None:
        if self._task and not self._task.done():
            self._task.cancel()


@contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[Stopping]:
    """Answer to signals while the block runs; where there are none, Ctrl-C cancels as ever."""
    stopping, loop = Stopping(say), asyncio.get_running_loop()
    try:
        for signum in _SIGNALS:
            loop.add_signal_handler(signum, stopping.asked, signum)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield stopping
        return
    try:
        yield stopping
    finally:
        for signum in _SIGNALS:
            loop.remove_signal_handler(signum)
