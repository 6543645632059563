"""Find and remove what is stored that nothing refers to any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver

from gems_graph import paths
from gems_graph.calls.journal import Journal
from gems_graph.errors import UsageError
from gems_graph.images import Entry
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.references import References, journaled, read
from gems_graph.persistence.remove import entries_where, remove_where
from gems_graph.persistence.savers import open_saver
from gems_graph.persistence.threads import Threads, where

GRACE = 24 * 3600.0
"""Seconds that what is stored is left alone: a run refers to a picture only after storing it."""


class Leftovers(NamedTuple):
    """What nothing needs.

    Attributes:
        files: pictures and texts.
        orphans: ids of trajectories that the journal knows and no checkpoint does.
        before: whatever was stored later, POSIX seconds, is left alone.
    """

    files: list[Entry]
    orphans: list[str]
    before: float


async def find_leftovers(
    threads: Threads,
    *,
    grace: float = GRACE,
    orphans: bool = False,
    also: Sequence[str] = (),
    empty: bool = False,
) -> Leftovers:
    """Find stored pictures and texts that no checkpoint and no journaled call names.

    Every checkpoint counts, as any may be branched from, and so does what was written after it.

    Args:
        threads: whose checkpoints are read, all of them.
        grace: seconds; what was stored later is left alone, as a run may be about to refer to it.
        orphans: whether to ignore journaled calls of trajectories without any checkpoint.
        also: other databases whose trajectories share the image store.
        empty: whether a database without a trajectory may be the right one.

    Raises:
        UsageError: there is no trajectory at all.
        ConfigError: a newer release wrote one.
        StoreError: a checkpoint is damaged, or journal or image store cannot be used.
    """
    before, references = time.time() - grace, References()
    await _read_all(threads.saver, references)
    other_journals = [await _read_other(database, references) for database in also]
    if not (references.checkpoints or empty):
        msg = f"There is no trajectory in {where()}, so all pictures would go; --empty allows it."
        raise UsageError(msg)
    orphan_ids: list[str] = []
    hashes = {*references.hashes}
    for journal in (Journal(paths.journal()), *other_journals):
        calls = await asyncio.wrap_future(journal.trajectories())
        orphans_here = [
            id_ for id_, at in calls.items() if id_ not in references.trajectories and at < before
        ]
        orphan_ids += orphans_here
        hashes |= await journaled(journal, orphans_here if orphans else ())
    files = await entries_where(
        threads.store, lambda entry: entry.sha256 not in hashes and entry.modified < before
    )
    return Leftovers(files, orphan_ids, before)


async def _read_all(saver: BaseCheckpointSaver[Any], references: References) -> None:
    for name in await thread_names(saver):
        await read(saver, name, references)


async def _read_other(database: str, references: References) -> Journal:
    file = database.removeprefix("sqlite:///")
    if "://" not in file and not Path(file).is_file():
        msg = f"There is no database {database}; --also takes one that shares the image store."
        raise UsageError(msg)
    async with open_saver(database) as saver:
        await _read_all(saver, references)
    return Journal(paths.journal(file))


async def remove_leftovers(
    threads: Threads, leftovers: Leftovers, *, orphans: bool = False
) -> list[Entry]:
    """Remove what `find_leftovers` found, but for what was stored anew since; return the files.

    Args:
        threads: those looked through.
        leftovers: what to remove.
        orphans: whether to forget the calls of trajectories without any checkpoint as well.

    Raises:
        StoreError: journal or image store cannot be used.
    """
    for trajectory in leftovers.orphans if orphans else ():
        await asyncio.wrap_future(Journal(paths.journal()).forget(trajectory))
    unneeded = {entry.sha256 for entry in leftovers.files}
    threads.store.sweep()
    return await remove_where(
        threads.store, lambda entry: entry.sha256 in unneeded and entry.modified < leftovers.before
    )
