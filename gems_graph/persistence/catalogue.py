"""Which threads a checkpointer keeps: LangGraph's savers list checkpoints, not threads."""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_NEWEST_FIRST = (
    "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
)
"""The same tables' index answers it, in SQLite and PostgreSQL; ids of checkpoints are times."""


async def thread_names(saver: BaseCheckpointSaver[Any]) -> list[str]:
    """Return all threads, the one worked on last first, without decoding their checkpoints.

    Savers that are neither SQLite's nor PostgreSQL's are read whole.
    """
    if isinstance(saver, AsyncSqliteSaver):
        await saver.setup()
        async with saver.lock, saver.conn.execute(_NEWEST_FIRST) as found:
            return [str(row[0]) for row in await found.fetchall()]
    cursor = getattr(saver, "_cursor", None)  # of AsyncPostgresSaver, on its connection or pool
    if cursor is not None:
        async with cursor() as found:
            await found.execute(_NEWEST_FIRST)
            return [str(row["thread_id"]) for row in await found.fetchall()]
    last: dict[str, str] = {}
    async for checkpoint in saver.alist(None):
        place = checkpoint.config["configurable"]
        name = str(place["thread_id"])
        last[name] = max(last.get(name, ""), place["checkpoint_id"])
    return sorted(last, key=last.__getitem__, reverse=True)
