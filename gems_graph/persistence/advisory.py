"""Advisory locks in PostgreSQL, on one connection of each process.

The server releases them when the connection ends, so a killed process frees its locks at once; a
lease in a row would be free only when it runs out. What a lease does better, to notice a host
that has vanished, is left to TCP's keepalive (about a minute). The connection is checked every few
seconds; if it was lost, the locks are taken again on a new one, and `on_loss` is called for each
that somebody else holds by then. Behind a pooler the connection must be a session's own.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from gems_graph.databases import Postgres, psycopg

_EVERY = 5.0  # seconds from one look at the connection to the next
_GRACE = 60.0  # seconds without any connection until the work is stopped
_PATIENCE = 0.5  # seconds; a server takes a moment to see that a process was killed
_CONNECTION = {"keepalives_idle": 20, "keepalives_interval": 10, "tcp_user_timeout": 30_000}
_SERVER_KEEPALIVES = {"idle": 30, "interval": 10, "count": 3}
_HELD_LOCKS = """SELECT classid::bigint, objid::bigint FROM pg_locks
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
        deadline = time.monotonic() + _PATIENCE
        while not self._take(hold):
            if time.monotonic() > deadline:
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

    def held_keys(self) -> set[int]:
        """Return the keys of all locks in the database, whoever holds them.

        Raises:
            psycopg.Error: the server cannot be used.
        """
        db = Postgres(self._url)
        try:
            return {_signed(high << 32 | low) for high, low in db.execute(_HELD_LOCKS)}
        finally:
            db.close()

    def check(self) -> bool:
        """Take lost locks again; False: no lock is held, and the watch may end."""
        with self._lock:
            if not self._holds:
                self._watching = False
                return False
            try:
                self._connected().execute("SELECT 1")
                self._seen = time.monotonic()
            except psycopg().Error:
                self._reconnect()
            return True

    def _take(self, hold: Hold) -> bool:
        with self._lock:
            if hold.ended or hold.key in self._holds:
                return False
            try:
                acquired = _try_lock(self._connected(), hold.key)
            except psycopg().Error:
                self._disconnect()
                acquired = _try_lock(self._connected(), hold.key)
            if acquired:
                self._holds[hold.key] = hold
                self._watch()
            elif not self._holds:
                self._disconnect()
            return acquired

    def _connected(self) -> Postgres:
        """Return the connection; on a new one, take all locks again that are still free."""
        if self._db is None:
            self._db = Postgres(self._url, **_CONNECTION)
            for name, value in _SERVER_KEEPALIVES.items():
                self._db.execute(f"SET tcp_keepalives_{name} = {value}")
            self._lose([hold for key, hold in self._holds.items() if not _try_lock(self._db, key)])
            self._seen = time.monotonic()
        return self._db

    def _reconnect(self) -> None:
        """Connect anew; after `_GRACE` seconds without a connection give up all locks."""
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


def _try_lock(db: Postgres, key: int) -> bool:
    return bool(db.execute("SELECT pg_try_advisory_lock(?)", (key,))[0][0])


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def session_of(url: str) -> Session:
    """Return the one session of this process in a database."""
    return _shared(url, os.getpid())


@lru_cache(maxsize=32)
def _shared(url: str, pid: int) -> Session:
    return Session(url)
