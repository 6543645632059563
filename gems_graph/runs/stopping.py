"""Stop runs: drain first, so that what is paid is kept; then, if need be, at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langgraph.runtime import RunControl


class Stopper:
    """Stops the runs that share it; its methods may be called from any thread.

    Attributes:
        control: what LangGraph asks after each step whether to go on.
        at_once: whether runs are cancelled in the middle of a step.
    """

    def __init__(self) -> None:
        self.control, self.at_once = RunControl(), False
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def reason(self) -> str:
        """Why runs are to stop; empty: they are not."""
        return self.control.drain_reason or ""

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return bool(self._tasks)

    def drain(self, reason: str = "stop") -> None:
        """Let every run end the step that it is in; what was paid for is kept."""
        if not self.reason:
            self.control.request_drain(reason)

    def cancel(self, reason: str = "stop") -> None:
        """Stop every run at once; what its step was about to get is lost, unless journaled."""
        self.drain(reason)
        self.at_once = True
        for task in [*self._tasks]:
            task.get_loop().call_soon_threadsafe(task.cancel)

    @contextmanager
    def watching(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Make a run's task one that `cancel` stops, while the block runs."""
        self._tasks.add(task)
        if self.at_once:
            task.cancel()
        try:
            yield
        finally:
            self._tasks.discard(task)
