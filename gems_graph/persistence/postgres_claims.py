"""Claims on threads in PostgreSQL, across machines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager

from gems_graph.databases import psycopg, unusable
from gems_graph.errors import StoreError
from gems_graph.persistence.advisory import Hold, session_of
from gems_graph.persistence.locks import claimed_error, digest_of


class PostgresClaims:
    """Claims by advisory locks, among all who use a database.

    Args:
        url: of the database.

    Raises:
        ConfigError: the package of PostgreSQL is missing.
    """

    def __init__(self, url: str) -> None:
        self._session, self._errors = session_of(url), psycopg().Error

    @asynccontextmanager
    async def hold(self, thread: str) -> AsyncIterator[None]:
        """Keep others off a thread while the block runs; a killed process lets go.

        Raises:
            UsageError: somebody works on it.
            StoreError: the server cannot be used, or somebody else got the thread while it could
                not be; then the block was cancelled.
        """
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        hold = Hold(key_of(thread), lambda: loop.call_soon_threadsafe(stop))

        def stop() -> None:
            if task and not hold.ended:
                hold.lost = True
                task.cancel()

        try:
            await self._take(thread, hold)
            yield
        except asyncio.CancelledError:
            if not hold.lost:
                raise
        finally:
            hold.ended = True
            await asyncio.to_thread(self._session.release, hold)
        if hold.lost and task:
            task.uncancel()
            msg = (
                f"The connection that kept others off {thread!r} was lost, and with it the thread; "
                f"what was done is kept: gems resume {thread}"
            )
            raise StoreError(msg)

    async def _take(self, thread: str, hold: Hold) -> None:
        try:
            acquired = await asyncio.to_thread(self._session.take, hold)
        except self._errors as error:
            raise unusable(error) from error
        if not acquired:
            raise claimed_error(thread, ", here or on another machine")

    async def busy(self) -> Container[str]:
        """Return the threads that somebody works on now, on any machine.

        Raises:
            StoreError: the server cannot be used.
        """
        try:
            return _Busy(await asyncio.to_thread(self._session.held_keys))
        except self._errors as error:
            raise unusable(error) from error


class _Busy(Container[str]):
    def __init__(self, keys: set[int]) -> None:
        self._keys = keys

    def __contains__(self, thread: object) -> bool:
        return key_of(str(thread)) in self._keys


def key_of(thread: str) -> int:
    """Return the 64 bits that stand for a thread, whatever characters its name has."""
    return int.from_bytes(digest_of(f"gems thread {thread}")[:8], signed=True)
