"""The hashes of stored pictures and texts that checkpoints and journaled calls name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from gems_graph.calls.journal import Journal
from gems_graph.errors import ConfigError, StoreError
from gems_graph.persistence.last import UNREADABLE
from gems_graph.persistence.threads import config_of, where
from gems_graph.state import State, check_readable

_HASH = re.compile(r"[0-9a-f]{64,}")  # a longer one is no name in the store


@dataclass
class References:
    """What some checkpoints name; whatever looks like a hash counts as one.

    Attributes:
        hashes: of pictures and texts, each with the time of the last checkpoint that names it,
            POSIX seconds.
        trajectories: their ids.
        checkpoints: how many there are.
    """

    hashes: dict[str, float] = field(default_factory=dict)
    trajectories: set[str] = field(default_factory=set)
    checkpoints: int = 0

    def add(self, checkpoint: CheckpointTuple) -> None:
        """Take note of a checkpoint, with what was written after it and before the next.

        Raises:
            ConfigError: a newer release wrote it, perhaps with names this one does not know.
        """
        values, writes = checkpoint.checkpoint["channel_values"], checkpoint.pending_writes or []
        trajectories = [value for _, channel, value in writes if channel == "trajectory"]
        trajectories.append(values.get("trajectory"))
        if trajectories[-1]:  # another graph's state has no version of ours
            check_readable(cast(State, values))
        self.checkpoints += 1
        self.trajectories.update(id_ for id_ in trajectories if isinstance(id_, str))
        written_at = datetime.fromisoformat(checkpoint.checkpoint["ts"]).timestamp()
        for sha256 in hashes_in(repr((values, writes))):
            self.hashes[sha256] = max(written_at, self.hashes.get(sha256, 0.0))


def hashes_in(text: str) -> list[str]:
    """Return all that looks like a SHA-256 in a text."""
    return _HASH.findall(text)


async def read(saver: BaseCheckpointSaver[Any], thread: str, references: References) -> None:
    """Add to references what all checkpoints of a thread name, one checkpoint at a time.

    Raises:
        StoreError: one of them is damaged; what came before it, newest first, has been added.
        ConfigError: a newer release wrote one.
    """
    checkpoints = cast(AsyncGenerator[CheckpointTuple], saver.alist(config_of(thread)))
    try:
        async with aclosing(checkpoints) as tuples:
            async for checkpoint in tuples:
                references.add(checkpoint)
    except UNREADABLE as error:
        msg = (
            f"A checkpoint of {thread!r} in {where()} is damaged; as what it needs is unknown, no "
            f"picture is removed: put a copy of the database back, or `gems rm {thread}`."
        )
        raise StoreError(msg) from error
    except ConfigError as error:
        msg = f"What the thread {thread!r} needs is unknown; no picture is removed. {error}"
        raise ConfigError(msg) from error


async def journaled(journal: Journal, without: Iterable[str] = ()) -> set[str]:
    """Return the hashes that journaled calls name, but for those of some trajectories."""
    excluded, hashes, number = {*without}, set[str](), 0
    while rows := await asyncio.wrap_future(journal.artifacts(number)):
        number = rows[-1].number
        for row in rows:
            if row.trajectory not in excluded:
                hashes.update(hashes_in(row.artifact))
    return hashes
