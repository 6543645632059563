"""The checkpointer of PostgreSQL: few connections, and patience while all are taken."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gems_graph.databases import is_full, unusable
from gems_graph.private_hooks import is_migrated

_PATIENCE = 60.0  # seconds to wait for a connection
_CONNECTIONS = 2  # of one process
_IDLE = 5.0  # seconds after which a connection is given back: models take longer than databases
_MIGRATING = 2603_28088  # the advisory lock of whoever makes the tables
_OPTIONS: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}


class Patient(psycopg.AsyncConnection[Any]):
    """A connection that waits for its turn while the server's are all taken."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Any:
        """Connect.

        Raises:
            psycopg.OperationalError: there is no such server, or it stayed full.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return await super().connect(conninfo, **options)
            except psycopg.OperationalError as error:
                if not is_full(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(random.uniform(0.1, 0.5))


@asynccontextmanager
async def open_postgres(url: str, serde: SerializerProtocol) -> AsyncIterator[AsyncPostgresSaver]:
    """Open the checkpointer of a database, its tables made where they are missing.

    Raises:
        StoreError: the server cannot be used, or fails while it is open.
    """
    pool: Any = AsyncConnectionPool(
        url, connection_class=Patient, kwargs=_OPTIONS, open=False,
        min_size=0, max_size=_CONNECTIONS, max_idle=_IDLE, timeout=_PATIENCE,
        check=AsyncConnectionPool.check_connection,
    )  # fmt: skip
    try:
        async with await Patient.connect(url, **_OPTIONS) as connection:
            await _migrate(AsyncPostgresSaver(connection, serde=serde), connection)
        async with pool:
            yield AsyncPostgresSaver(pool, serde=serde)
    except (psycopg.Error, PoolTimeout) as error:
        raise unusable(error) from error


async def _migrate(saver: Any, connection: Any) -> None:
    """Make the tables; one process at a time, the others look again until they are there.

    They try the lock instead of waiting in it: a waiting statement would hold up the building of
    an index beside it, for ever.
    """
    while not await _has_tables(saver, connection):
        query = "SELECT pg_try_advisory_lock(%s) AS locked"
        cursor = await connection.execute(query, (_MIGRATING,))
        if not (await cursor.fetchone())["locked"]:
            await asyncio.sleep(0.1)
            continue
        try:
            await saver.setup()
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATING,))


async def _has_tables(saver: Any, connection: Any) -> bool:
    cursor = await connection.execute("SELECT to_regclass('checkpoint_migrations') AS name")
    if (await cursor.fetchone())["name"] is None:
        return False
    cursor = await connection.execute("SELECT max(v) AS v FROM checkpoint_migrations")
    version = (await cursor.fetchone())["v"]
    return is_migrated(saver, version)
