"""One paid call: limits, reservation, time-out, retry, replay, settling, ledger; for all alike."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gems_graph.calls.amounts import Amount, Outcome
from gems_graph.calls.budget import Budget, Waiting
from gems_graph.calls.limits import Limits
from gems_graph.calls.retry import (
    in_words,
    is_passing,
    is_unpaid,
    pause_before,
    repeats_after,
    status_of,
)
from gems_graph.calls.time_limit import time_limit
from gems_graph.errors import BudgetError, GemsError, TransientError
from gems_graph.traces.spans import call_span, used

Raw = TypeVar("Raw")
T = TypeVar("T")


@dataclass
class Effort:
    """What a call took so far, over all its tries; `seconds` of waiting for answers."""

    tries: int = 0
    seconds: float = 0.0

    @asynccontextmanager
    async def one_try(self, limit: float) -> AsyncIterator[None]:
        """Count a try and its time, and end it after `limit` seconds."""
        self.tries += 1
        started = time.monotonic()
        try:
            async with time_limit(limit):
                yield
        finally:
            self.seconds += time.monotonic() - started


@dataclass(frozen=True, kw_only=True)
class PaidCall(Generic[Raw, T]):
    """A call about to be paid.

    Attributes:
        callee: who is called, for messages.
        role: under which the ledger counts it.
        limits: of the server.
        most: what one try may spend at most.
        key: of the call in the journal; empty: it is not kept there.
        timeout: of one try, in seconds.
        retries: repeats after the first try.
        wait: seconds before the first repeat; doubles each time, with jitter.
        failure: what to raise in the end.
        key_variable: the environment variable that its key is read from, for messages.
        final: HTTP statuses after which it is not repeated.
        make: makes one try.
        read: turns the raw answer into an outcome.
        recall: turns an artifact of the journal into an outcome; None where that is lost.
        effort: counts the tries; shared by variants of one call.
        player: the name of the model or generator.
    """

    callee: str
    role: str
    limits: Limits
    most: Amount
    key: str
    timeout: float
    retries: int
    wait: float
    failure: type[GemsError]
    make: Callable[[], Awaitable[Raw]]
    read: Callable[[Raw, Effort], Awaitable[Outcome[T]]]
    recall: Callable[[Any], Awaitable[Outcome[T] | None]]
    key_variable: str = ""
    final: Collection[int] = ()
    effort: Effort = field(default_factory=Effort)
    player: str = ""


async def pay(call: PaidCall[Raw, T], budget: Budget) -> T:
    """Make a call, again after a passing failure; or return what came of it before.

    Raises:
        BudgetError: a cap would be exceeded; names the failure that may have spent it.
        StoreError: the journal cannot be written.
        GemsError: of type `call.failure`, naming the remedy; our own errors pass unchanged.
    """
    doubt = ""
    for repeat in range(call.retries + 1):
        try:
            with call_span(call.role, call.player):
                return await _once(call, budget)
        except BudgetError as error:
            if not doubt:
                raise
            msg = f"{error} A try before it failed and may have been paid, so it counts: {doubt}."
            raise BudgetError(msg) from error
        except Exception as error:
            if isinstance(error, GemsError) and not isinstance(error, TransientError):
                raise
            words, most = in_words(error, call.key_variable), repeats_after(error, call.retries)
            if repeat >= most or not is_passing(error) or status_of(error) in call.final:
                msg = f"{call.callee}: {words}"
                raise call.failure(msg) from error
            doubt = doubt if is_unpaid(error) else words
            seconds = pause_before(repeat, call.wait, error)
            budget.on_wait(
                Waiting(type="waiting", who=call.callee, why=words, seconds=seconds,
                        repeat=repeat + 1, of=most)
            )  # fmt: skip
            await asyncio.sleep(seconds)
    raise AssertionError  # the last turn of the loop returns or raises


async def _once(call: PaidCall[Raw, T], budget: Budget) -> T:
    """Make one try, written down before and settled after; refund only what is surely unpaid."""
    async with call.limits.slots:
        await call.limits.pace()
        reservation = await budget.reserve(call.most, call.key)
        if reservation.artifact is not None:
            if recalled := await call.recall(json.loads(reservation.artifact)):
                budget.note(call.role, recalled.usage)
                used(recalled.usage, replayed=True)
                return recalled.value
            reservation = await budget.reserve(call.most, call.key, anew=True)
        try:
            async with call.effort.one_try(call.timeout):
                raw = await call.make()
            outcome = await call.read(raw, call.effort)
        except Exception as error:
            if is_unpaid(error):
                await budget.refund(reservation)
            raise
        used(outcome.usage)
        await budget.settle(reservation, call.role, outcome)
        return outcome.value
