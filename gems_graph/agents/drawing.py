"""Draw for another agent: one call a drawing, kept under a thread, stopped when it is cancelled."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from gems_graph.agents.arguments import DrawArguments
from gems_graph.errors import GemsError, UsageError
from gems_graph.events import Event
from gems_graph.images import Store
from gems_graph.persistence.threads import Threads, open_threads
from gems_graph.prompting.sanitize import check_text
from gems_graph.prompting.wording import holding
from gems_graph.runs.follow import Job, follow
from gems_graph.runs.outcome import Outcome
from gems_graph.runs.stopping import Stopper
from gems_graph.settings import Settings, settle
from gems_graph.state import State
from gems_graph.strategies import check_roles, open_strategy

Report = Callable[[float, float | None, str], Awaitable[None]]
"""Takes how far a drawing is: rounds done, rounds at most where that is known, and words."""
_PARTS = {"round_started": 0.1, "picture_ready": 0.5, "verdict": 1.0}
"""How much of a round is done when its event comes."""


@dataclass(frozen=True)
class Drawn:
    """How far a drawing came: the thread that keeps it, the outcome, and the store of pictures."""

    thread: str
    outcome: Outcome
    store: Store


class Drawings:
    """The drawings under way in this process, by thread."""

    def __init__(self) -> None:
        self._under_way: dict[str, tuple[asyncio.Task[Drawn], Stopper]] = {}

    async def draw(self, asked: DrawArguments, settings: Settings, report: Report) -> Drawn:
        """Draw to the end, or to a question.

        Cancelled, it lets the step under way end, so that what is paid is kept, and no other begin.

        Args:
            asked: what to draw.
            settings: those of the server; what is asked wins over them.
            report: is told how far it is; the first time before anything is paid, with the thread.

        Raises:
            UsageError: there is nothing to draw, or the thread holds another prompt.
            GemsError: nothing could be drawn; the message names the thread where one holds it.
        """
        if asked.prompt is None and asked.thread is None:
            msg = "Say what to draw in `prompt`, or name an earlier drawing in `thread`."
            raise UsageError(msg)
        thread = check_text(asked.thread or f"mcp-{uuid.uuid4().hex[:12]}", "The thread")
        await self._stopped(thread)
        told, stopper = _Progress(thread), Stopper()
        work = asyncio.create_task(_follow(thread, asked, settings, told, stopper))
        work.add_done_callback(lambda _: told.end())
        self._under_way[thread] = work, stopper
        try:
            await told.pass_on(report)
            return await asyncio.shield(work)
        except BaseException:
            stopper.drain("cancelled")
            with anyio.CancelScope(shield=True):  # or each await in there would be cancelled again
                await asyncio.wait([work])
            raise
        finally:
            del self._under_way[thread]

    async def _stopped(self, thread: str) -> None:
        """Wait for a drawing of a thread that was told to stop: whoever asks goes on with it.

        Raises:
            UsageError: it goes on.
        """
        while found := self._under_way.get(thread):
            work, stopper = found
            if not stopper.reason:
                msg = f"The thread {thread!r} is being drawn: wait for it, or cancel that call."
                raise UsageError(msg)
            await asyncio.wait([work])
            await asyncio.sleep(0)  # whoever was cancelled leaves first


class _Progress:
    """What a run's events say of its progress, which must increase, on its way to a client."""

    def __init__(self, thread: str) -> None:
        self.most: float | None = None
        self._queue: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        self._queue.put_nowait((0.0, f"Thread {thread}: beginning"))

    def take(self, event: Event) -> None:
        part = _PARTS.get(event["type"])
        if part is not None:
            told: Mapping[str, Any] = event
            self._queue.put_nowait((told["round"] - 1 + part, _in_words(told)))

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def pass_on(self, report: Report) -> None:
        done = -1.0
        while (told := await self._queue.get()) is not None:
            if told[0] > done:
                done = told[0]
                await report(done, self.most, told[1])


def _in_words(event: Mapping[str, Any]) -> str:
    n = event["round"]
    if event["type"] == "round_started":
        return f"Round {n}: drawing"
    if event["type"] == "picture_ready":
        return f"Round {n}: looking at the picture"
    return f"Round {n}: {holding(event['passed'], event['total'])}"


async def _follow(
    thread: str, asked: DrawArguments, settings: Settings, told: _Progress, stopper: Stopper
) -> Drawn:
    async with open_threads() as threads:
        job = await _job(thread, asked, settings, threads)
        told.most = float(job.settings.max_iterations) if job.prompt else None
        try:
            outcome = await follow(threads, job, told.take, stopper=stopper)
        except GemsError as error:
            if not await _is_paid(threads, thread):
                raise
            msg = f"{error} What was done is kept: draw with thread={thread!r} goes on."
            raise type(error)(msg) from error
        return Drawn(thread, outcome, threads.store)


async def _job(thread: str, asked: DrawArguments, settings: Settings, threads: Threads) -> Job:
    """Return what is to be done; a thread that goes on keeps its settings but for those asked.

    Raises:
        UsageError: the thread draws something else.
        ConfigError: a setting is not valid, or there is no such strategy.
    """
    state = await _kept(threads, thread) if asked.thread else None
    kept = state and state["prompt"]
    if asked.prompt is None or kept == asked.prompt:
        return Job(thread, settings=settle(asked.dials()))
    if kept is not None:
        msg = (
            f"The thread {thread!r} draws {kept!r}: leave the prompt out to go on with it, or the "
            "thread to draw something else."
        )
        raise UsageError(msg)
    settings = settle(settings, asked.dials())
    check_roles(settings.roles, open_strategy(settings.strategy))
    return Job(thread, asked.prompt, asked.criteria, settings)


async def _kept(threads: Threads, thread: str) -> State | None:
    """Return what is kept under a thread; None: nothing is."""
    try:
        return await threads.state(thread)
    except UsageError:
        return None


async def _is_paid(threads: Threads, thread: str) -> bool:
    """Tell whether something is kept under a thread that was paid for."""
    state = await _kept(threads, thread)
    return bool(state and state.get("ledger"))
