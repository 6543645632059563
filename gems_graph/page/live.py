"""Runs of this server: each goes on whoever watches, a few at a time, the others in a queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from gems_graph.errors import GemsError, UsageError
from gems_graph.events import Event
from gems_graph.page.folding import Folding
from gems_graph.persistence.threads import Threads
from gems_graph.runs.follow import Job, follow
from gems_graph.runs.stopping import Stopper
from gems_graph.runs.view import View

MOST_QUEUED, MOST_OF_ONE = 200, 20
"""Runs that wait or go on: of everybody, and of one person."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Live:
    """One run that waits for its turn or goes on; its checkpoints hold the rest.

    Attributes:
        error: what ended it, in a sentence; empty: nothing did.
        over: whether it has ended, was stopped, or waits for an answer.
        version: grows with each event.
    """

    def __init__(self, job: Job, owner: str, before: Mapping[str, Any]) -> None:
        self.job, self.owner = job, owner
        self.folding = Folding({"prompt": job.prompt, **before})
        self.view, self.stopper = View(), Stopper()
        self.error, self.over, self.queued, self.version = "", False, True, 0
        self._watchers = set[asyncio.Event]()

    def take(self, event: Event) -> None:
        """Take note of an event, and wake whoever watches."""
        self.folding.take(event)
        self.view.take(event)
        self.told()

    def told(self) -> None:
        """Wake whoever watches."""
        self.version += 1
        for each in self._watchers:
            each.set()

    async def versions(self, pause: float, rest: float) -> AsyncIterator[int | None]:
        """Yield the version now and whenever it has grown, until the run is over.

        Args:
            pause: seconds of nothing after which None is yielded.
            rest: seconds between two versions at least, so that many events are one of them.
        """
        with self._watched() as news:
            while not self.over:
                news.clear()
                yield self.version
                await asyncio.sleep(rest)
                while not self.over and not await _set_within(news, pause):
                    yield None

    @contextmanager
    def _watched(self) -> Iterator[asyncio.Event]:
        news = asyncio.Event()
        self._watchers.add(news)
        try:
            yield news
        finally:
            self._watchers.discard(news)


class Runs:
    """The runs that wait or go on in this process, by thread.

    Args:
        threads: keep the trajectories.
        at_once: how many go on side by side.
    """

    def __init__(self, threads: Threads, at_once: int) -> None:
        self._threads, self._places = threads, asyncio.Semaphore(at_once)
        self._live: dict[str, Live] = {}
        self._failed: dict[str, Live] = {}
        self._tasks = set[asyncio.Task[None]]()

    def find(self, thread: str) -> Live | None:
        """Return the run of a thread; None: it does not go on here."""
        return self._live.get(thread)

    def failed(self, thread: str) -> Live | None:
        """Return the run of a thread that ended with an error lately; None: none did."""
        return self._failed.get(thread)

    def ahead_of(self, live: Live) -> int:
        """Return how many queued runs come before one."""
        waiting = [each for each in self._live.values() if each.queued]
        return waiting.index(live) if live in waiting else 0

    def begin(self, job: Job, owner: str, before: Mapping[str, Any] = NOTHING) -> Live:
        """Queue a job.

        Args:
            job: what to do.
            owner: who asks for it.
            before: the state of its thread, if it goes on.

        Raises:
            UsageError: its thread is worked on, or too many wait already.
        """
        if job.thread in self._live:
            msg = "This picture is being worked on already."
            raise UsageError(msg)
        of_owner = sum(each.owner == owner for each in self._live.values())
        if len(self._live) >= MOST_QUEUED or of_owner >= MOST_OF_ONE:
            msg = "Too many pictures wait already; come back when some are done."
            raise UsageError(msg)
        self._failed.pop(job.thread, None)
        live = self._live[job.thread] = Live(job, owner, before)
        task = asyncio.create_task(self._go(live))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return live

    def stop(self, thread: str, *, at_once: bool = False) -> None:
        """Stop a run after the step under way, or in the middle of it."""
        if live := self._live.get(thread):
            (live.stopper.cancel if at_once else live.stopper.drain)("stopped on the page")
            live.told()

    async def close(self) -> None:
        """Stop every run and wait until what was paid for is kept."""
        for thread in [*self._live]:
            self.stop(thread)
        if self._tasks:
            await asyncio.wait({*self._tasks})

    async def _go(self, live: Live) -> None:
        try:
            async with self._places:
                live.queued = False
                self._wake_queued()
                if live.job.prompt is None or not live.stopper.reason:
                    await follow(self._threads, live.job, live.take, stopper=live.stopper)
                else:
                    live.error = "Stopped before anything was drawn; nothing was paid."
        except GemsError as error:
            live.error = str(error)
        except Exception as error:
            live.error = f"Something went wrong in this program ({type(error).__name__}: {error})."
            raise
        finally:
            live.over = True
            del self._live[live.job.thread]
            if live.error:
                self._failed[live.job.thread] = live
                for oldest in [*self._failed][:-MOST_QUEUED]:
                    del self._failed[oldest]
            live.told()

    def _wake_queued(self) -> None:
        for each in self._live.values():
            if each.queued:
                each.told()


async def _set_within(news: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return False
    return True
