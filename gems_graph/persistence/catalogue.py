"""Which threads a checkpointer keeps: LangGraph's savers list checkpoints, not threads."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from gems_graph.private_hooks import rows

_NEWEST_FIRST = (
    "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
)
"""The index of the table answers it, in SQLite and PostgreSQL; ids of checkpoints are times."""


async def thread_names(saver: BaseCheckpointSaver[Any]) -> list[str]:
    """Return all threads, the one worked on last first, without decoding their checkpoints.

    Savers that are neither SQLite's nor PostgreSQL's are read whole.
    """
    if (records := await rows(saver, _NEWEST_FIRST)) is not None:
        return [str(name) for (name,) in records]
    newest: dict[str, str] = {}
    checkpoints = cast(AsyncGenerator[CheckpointTuple], saver.alist(None))
    async with aclosing(checkpoints) as tuples:
        async for checkpoint in tuples:
            configurable = checkpoint.config["configurable"]
            name = str(configurable["thread_id"])
            newest[name] = max(newest.get(name, ""), configurable["checkpoint_id"])
    return sorted(newest, key=newest.__getitem__, reverse=True)
