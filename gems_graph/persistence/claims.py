"""Who works on which thread: a trajectory is never taken up by two at once.

A thread in SQLite is claimed by a lock file beside its database, one in PostgreSQL by an advisory
lock in it, so that hosts without a common folder exclude each other, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Container
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from gems_graph import paths
from gems_graph.databases import is_postgres
from gems_graph.persistence.locks import claim, is_claimed


class Claims(Protocol):
    """Claims on the threads of one database."""

    def hold(self, thread: str) -> AbstractAsyncContextManager[None]:
        """Keep others off a thread while the block runs; a killed process lets go.

        Raises:
            UsageError: on entering, somebody works on it.
            StoreError: the claim cannot be made, or was lost, and then the block was cancelled.
        """

    async def busy(self) -> Container[str]:
        """Return the threads that somebody works on now.

        Raises:
            StoreError: that cannot be found out.
        """


class LocalClaims:
    """Claims by lock files, among those who share a file system.

    Args:
        folder: of the lock files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def hold(self, thread: str) -> AsyncIterator[None]:
        """Keep others off a thread while the block runs; a killed process lets go.

        Raises:
            UsageError: somebody works on it.
        """
        with claim(thread, self._folder):
            yield

    async def busy(self) -> Container[str]:
        """Return the threads that somebody works on; each is looked at when it is asked for."""
        return _Locked(self._folder)


class _Locked(Container[str]):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __contains__(self, thread: object) -> bool:
        return is_claimed(str(thread), self._folder)


def claims_on(database: str) -> Claims:
    """Return the claims on the threads of a database.

    Args:
        database: `postgresql://...`, a SQLite file, or `:memory:`.

    Raises:
        ConfigError: the package of PostgreSQL is missing.
    """
    if is_postgres(database):
        from gems_graph.persistence.postgres_claims import PostgresClaims

        return PostgresClaims(database)
    return LocalClaims(paths.locks(database))
