"""One limit a server on concurrent calls, and one on calls a minute, over all runs."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from langchain_core.rate_limiters import InMemoryRateLimiter

from gems_graph.settings import Settings


class Limits:
    """The limits of one server; an async context manager around each call.

    They live on the background loop, which all runs of a process share.
    """

    def __init__(self, concurrency: int, per_minute: float | None) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._pace = None
        if per_minute:
            rate = per_minute / 60
            self._pace = InMemoryRateLimiter(
                requests_per_second=rate, check_every_n_seconds=0.02, max_bucket_size=1
            )

    @classmethod
    def of(cls, server: str, settings: Settings) -> Limits:
        """Return the limits that calls to a server share."""
        return _shared(server, settings.concurrency, settings.requests_per_minute)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        if self._pace:
            try:
                await self._pace.aacquire()
            except BaseException:
                self._slots.release()
                raise

    async def __aexit__(self, *exc: object) -> None:
        self._slots.release()


@lru_cache(maxsize=256)
def _shared(server: str, concurrency: int, per_minute: float | None) -> Limits:
    return Limits(concurrency, per_minute)
