"""Claims on threads in PostgreSQL: advisory locks on one connection of each process.

The server lets go of them when the connection ends, so a killed process frees its threads at once,
which a lease in a row would do only when it runs out. What a lease does better, to notice a host
that has vanished, is left to TCP's keepalive (about a minute). The connection is looked at every
few seconds; if it was lost, the locks are taken again on a new one, and whoever can have his no
more is cancelled. Behind a pooler the connection must be a session's own.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager, suppress
from functools import lru_cache

from gems_graph.databases import Postgres, psycopg, unusable
from gems_graph.errors import StoreError
from gems_graph.persistence.locks import digest_of, taken

_EVERY = 5.0  # seconds from one look at the connection to the next
_GRACE = 60.0  # seconds without any connection until the work is stopped
_PATIENCE = 0.5  # seconds; a server takes a moment to see that a process was killed
_CONNECTION = {"keepalives_idle": 20, "keepalives_interval": 10, "tcp_user_timeout": 30_000}
_OF_SERVER = {"idle": 30, "interval": 10, "count": 3}
_HELD = """SELECT classid::bigint, objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class Hold:
    """One claim.

    Args:
        key: stands for the thread.
        on_loss: called once, from any thread, where somebody else has it by now.
    """

    def __init__(self, key: int, on_loss: Callable[[], object]) -> None:
        self.key, self.on_loss = key, on_loss
        self.ended = self.lost = False


class Session:
    """The advisory locks of this process in one database; connected while there are any."""

    def __init__(self, url: str) -> None:
        self._url, self._lock = url, threading.Lock()
        self._holds: dict[int, Hold] = {}
        self._db: Postgres | None = None
        self._seen = 0.0  # when the connection was known to work, on the monotonic clock
        self._watching = False

    def take(self, hold: Hold) -> bool:
        """Take a lock; False: somebody has it.

        Raises:
            psycopg.Error: the server cannot be used.
        """
        until = time.monotonic() + _PATIENCE
        while not self._take(hold):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def release(self, hold: Hold) -> None:
        """Let go of a lock, if it is held; also of one that is being taken in another thread."""
        with self._lock:
            hold.ended = True
            if self._holds.get(hold.key) is not hold:
                return
            del self._holds[hold.key]
            if not self._holds:
                self._disconnect()
            elif self._db:
                with suppress(psycopg().Error):  # lost: it holds nothing any more
                    self._db.execute("SELECT pg_advisory_unlock(?)", (hold.key,))

    def held(self) -> set[int]:
        """Return the keys of all locks in the database, whoever holds them.

        Raises:
            psycopg.Error: the server cannot be used.
        """
        db = Postgres(self._url)
        try:
            return {_signed(high << 32 | low) for high, low in db.execute(_HELD)}
        finally:
            db.close()

    def check(self) -> bool:
        """Take lost locks again; False: nothing is held, and nobody need look again."""
        with self._lock:
            if not self._holds:
                self._watching = False
                return False
            try:
                self._connected().execute("SELECT 1")
                self._seen = time.monotonic()
            except psycopg().Error:
                self._again()
            return True

    def _take(self, hold: Hold) -> bool:
        with self._lock:
            if hold.ended or hold.key in self._holds:
                return False
            try:
                mine = _try(self._connected(), hold.key)
            except psycopg().Error:
                self._disconnect()
                mine = _try(self._connected(), hold.key)
            if mine:
                self._holds[hold.key] = hold
                self._watch()
            elif not self._holds:
                self._disconnect()
            return mine

    def _connected(self) -> Postgres:
        """Return the connection; a new one has all locks again that can be had."""
        if self._db is None:
            self._db = Postgres(self._url, **_CONNECTION)
            for name, value in _OF_SERVER.items():
                self._db.execute(f"SET tcp_keepalives_{name} = {value}")
            self._lose([hold for key, hold in self._holds.items() if not _try(self._db, key)])
            self._seen = time.monotonic()
        return self._db

    def _again(self) -> None:
        """Connect anew; after long enough in vain, everything is lost."""
        self._disconnect()
        try:
            self._connected()
        except psycopg().Error:
            if time.monotonic() - self._seen > _GRACE:
                self._lose([*self._holds.values()])

    def _lose(self, holds: list[Hold]) -> None:
        for hold in holds:
            del self._holds[hold.key]
            hold.on_loss()

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            threading.Thread(target=self._work, name="gems-claims", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(_EVERY)
            if not self.check():
                return


class PostgresClaims:
    """Claims by advisory locks, among all who use a database.

    Args:
        url: of the database.

    Raises:
        ConfigError: the package of PostgreSQL is missing.
    """

    def __init__(self, url: str) -> None:
        self._session, self._errors = _session(url, os.getpid()), psycopg().Error

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
            mine = await asyncio.to_thread(self._session.take, hold)
        except self._errors as error:
            raise unusable(error) from error
        if not mine:
            raise taken(thread, ", here or on another machine")

    async def busy(self) -> Container[str]:
        """Return the threads that somebody works on now, on any machine.

        Raises:
            StoreError: the server cannot be used.
        """
        try:
            return _Busy(await asyncio.to_thread(self._session.held))
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


def _try(db: Postgres, key: int) -> bool:
    return bool(db.execute("SELECT pg_try_advisory_lock(?)", (key,))[0][0])


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


@lru_cache(maxsize=32)
def _session(url: str, pid: int) -> Session:
    return Session(url)
