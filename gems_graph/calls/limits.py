"""One limit a server on concurrent calls, and one on calls a minute, over all runs."""

from __future__ import annotations

import asyncio
import os
from functools import lru_cache

from langchain_core.rate_limiters import InMemoryRateLimiter


class Limits:
    """The limits of one server: take one of `slots`, then await `pace()`, then call.

    They live on the background loop, which all runs of a process share.

    Attributes:
        slots: as many as there may be calls at a time.
    """

    def __init__(self, concurrency: int, per_minute: float | None) -> None:
        self.slots = asyncio.Semaphore(concurrency)
        self._pace = None
        if per_minute:
            rate = per_minute / 60
            self._pace = InMemoryRateLimiter(
                requests_per_second=rate, check_every_n_seconds=0.02, max_bucket_size=1
            )

    async def pace(self) -> None:
        """Wait until the next call may begin."""
        if self._pace:
            await self._pace.aacquire()


def limits_of(server: str, concurrency: int, per_minute: float | None) -> Limits:
    """Return the limits that calls to a server share."""
    return _shared(server, concurrency, per_minute, os.getpid())


@lru_cache(maxsize=256)
def _shared(server: str, concurrency: int, per_minute: float | None, pid: int) -> Limits:
    return Limits(concurrency, per_minute)  # a forked child must not wait on its parent's loop
