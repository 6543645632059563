"""SQLite and PostgreSQL behind the few calls that we need: begin, execute, commit, close."""

from __future__ import annotations

import random
import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gems_graph import paths
from gems_graph.errors import ConfigError, StoreError

PATIENCE = 60.0
"""Seconds to wait for another process's write, or for a free connection."""
_BUSY = ("too many clients", "remaining connection slots", "starting up")
_POSTGRES_SCHEMES = ("postgresql://", "postgres://")


class Connection(Protocol):
    """An open database: SQL with `?` for values."""

    def begin(self, scopes: Sequence[str]) -> None:
        """Begin a transaction that excludes others which name one of the scopes."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        """Execute one statement and return its rows."""

    def commit(self) -> None:
        """Make the transaction durable."""

    def close(self) -> None:
        """Close; what was not committed is rolled back."""


class Sqlite:
    """A SQLite file in WAL mode; one writer at a time, so scopes need no locks of their own."""

    def __init__(self, file: str) -> None:
        if file != ":memory:":
            paths.make_private_file(Path(file))
        self._db = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")

    def begin(self, scopes: Sequence[str]) -> None:
        """Take the one writer's place, so that a check and its entry are one act."""
        self._db.execute("BEGIN IMMEDIATE")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        """Execute one statement and return its rows."""
        return self._db.execute(sql, values).fetchall()

    def commit(self) -> None:
        """Commit to disk."""
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Postgres:
    """A PostgreSQL database; a scope is locked by its hash until the transaction ends.

    Args:
        url: of the database.
        options: of the connection, beside those of the URL.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._db = _connect(url, options)

    def begin(self, scopes: Sequence[str]) -> None:
        """Begin, and lock the scopes in one order everywhere, against deadlocks."""
        self._db.execute("BEGIN")
        for scope in sorted(set(scopes)):
            self._db.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (scope,))

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Sequence[Any]]:
        """Execute one statement and return its rows."""
        cursor = self._db.execute(sql.replace("?", "%s").encode(), values)
        return list(cursor.fetchall()) if cursor.description else []

    def commit(self) -> None:
        """Commit on the server."""
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def psycopg() -> Any:
    """Return the driver of PostgreSQL.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import psycopg as driver
    except ImportError as error:
        msg = "PostgreSQL needs one more package: pip install 'gems-graph[postgres]'."
        raise ConfigError(msg) from error
    return driver


def _connect(url: str, options: Mapping[str, Any]) -> Any:
    """Connect; while all the server's connections are taken, wait for one."""
    driver, deadline = psycopg(), time.monotonic() + PATIENCE
    while True:
        try:
            return driver.connect(url, autocommit=True, **options)
        except driver.Error as error:
            if not is_full(error) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.1, 0.5))


def is_full(error: Exception) -> bool:
    """Tell whether a PostgreSQL server has no connection left, or is only starting."""
    return any(phrase in str(error) for phrase in _BUSY)


def in_brief(error: Exception) -> str:
    """Return what a driver says in one line; what it quotes of a URL may be a password."""
    first_line = str(error).strip().partition("\n")[0]
    if "connection to server at" in first_line:
        return first_line
    return re.sub(r"(['\"]).*?\1", "...", first_line)


def unusable(error: Exception) -> StoreError:
    """Return the error of a PostgreSQL server that cannot be used; its cause is the driver's."""
    failure = StoreError(
        f"PostgreSQL failed ({in_brief(error)}); check that GEMS_DATABASE names a server that runs "
        "(%, @ and / of a password as %25 %40 %2F)."
    )
    failure.__cause__ = error
    return failure


def is_postgres(url: str) -> bool:
    """Tell whether a database is a PostgreSQL one."""
    return url.startswith(_POSTGRES_SCHEMES)
