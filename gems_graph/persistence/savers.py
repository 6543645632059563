"""Checkpointers by URL: trajectories in SQLite, in PostgreSQL, or in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from gems_graph import paths
from gems_graph.databases import is_postgres
from gems_graph.errors import ConfigError, StoreError

_PATIENCE = 60.0  # seconds to wait for another process's write


@asynccontextmanager
async def open_saver(url: str | None = None) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open the checkpointer that keeps trajectories, its tables made where they are missing.

    Args:
        url: path of a SQLite file, `postgresql://...`, or `:memory:`; by default `GEMS_DATABASE`,
            or `trajectories.sqlite` under `GEMS_HOME`.

    Raises:
        ConfigError: the package of PostgreSQL is missing, or the URL is of no known kind.
        StoreError: the database cannot be used, now or later while it is open.
    """
    url = (url or paths.database()).removeprefix("sqlite:///")
    if url == ":memory:":
        yield InMemorySaver(serde=_serializer())
    elif is_postgres(url):
        async with _postgres(url) as saver:
            yield saver
    elif "://" in url:
        msg = (
            f"GEMS_DATABASE names {url.partition('://')[0]!r}, which is neither a SQLite file nor "
            "postgresql://USER@HOST/DATABASE nor :memory:."
        )
        raise ConfigError(msg)
    else:
        async with _sqlite(Path(url)) as saver:
            yield saver


def _serializer() -> JsonPlusSerializer:
    """Return a serializer of plain data: our state is JSON, so a checkpoint can run no code."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


@asynccontextmanager
async def _sqlite(file: Path) -> AsyncIterator[AsyncSqliteSaver]:
    try:
        paths.make_private_file(file)
        sqlite3.connect(file).close()  # fails here rather than in a thread that outlives the loop
        async with aiosqlite.connect(file, timeout=_PATIENCE) as connection:
            saver = AsyncSqliteSaver(connection, serde=_serializer())
            await saver.setup()
            try:
                yield saver
            finally:
                await _commit(saver)
    except OSError as error:
        msg = f"Cannot write to {file.parent} ({error.strerror}); point GEMS_HOME elsewhere."
        raise StoreError(msg) from error
    except sqlite3.Error as error:
        raise StoreError(_failure_in_words(file, error)) from error


async def _commit(saver: AsyncSqliteSaver) -> None:
    """Commit what a task that was cancelled has written and not committed.

    Its cursor may outlive the connection, in the traceback of an error, and would keep the whole
    database locked for all others until it is collected.
    """
    async with saver.lock:
        await saver.conn.commit()


def _failure_in_words(file: Path, error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.OperationalError):
        remedy = "check the disk, or point GEMS_HOME at a folder you may write to"
        if "locked" in str(error):
            remedy = "another program holds it; end that one and go on with `gems resume`"
    else:
        remedy = "it is damaged: put a copy back, or move it away to begin anew"
    return f"Cannot keep trajectories in {file} ({error}); {remedy}."


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    try:
        from gems_graph.persistence.postgres import open_postgres
    except ImportError as error:
        msg = "PostgreSQL needs one more package: pip install 'gems-graph[postgres]'."
        raise ConfigError(msg) from error
    async with open_postgres(url, _serializer()) as saver:
        yield saver
