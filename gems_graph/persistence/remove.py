"""Remove trajectories, with what they alone need of the image store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver

from gems_graph import paths
from gems_graph.calls.journal import Journal
from gems_graph.errors import ConfigError, StoreError, UsageError
from gems_graph.images import Entry, Store
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.references import References, journaled, read
from gems_graph.persistence.threads import Threads, where


class Removed(NamedTuple):
    """What `remove` took away, or would.

    Attributes:
        checkpoints: how many.
        files: pictures and texts.
        shared: how many more the threads named; others need them, or have stored them anew.
        problem: why no file was taken away, if something kept us from telling who needs which.
    """

    checkpoints: int
    files: list[Entry]
    shared: int
    problem: str = ""


async def remove(threads: Threads, names: Sequence[str], *, dry: bool = False) -> Removed:
    """Remove threads: checkpoints, journaled calls, and what they alone need of the image store.

    Nobody can take one of them up meanwhile. What somebody has stored again since
    a thread's last checkpoint stays.

    Args:
        threads: hold them.
        names: of the threads.
        dry: only tell what would be removed.

    Raises:
        UsageError: one does not exist, or is being worked on; then nothing is removed.
        StoreError: checkpointer, journal or image store cannot be used.
    """
    names, existing = list(dict.fromkeys(names)), {*await thread_names(threads.saver)}
    if unknown := [name for name in names if name not in existing]:
        msg = f"There is no trajectory {unknown[0]!r} in {where()}; nothing is removed."
        raise UsageError(msg)
    async with AsyncExitStack() as claims:
        for name in names:
            await claims.enter_async_context(threads.claim(name))
        references = await _references_of(threads.saver, names)
        if not dry:
            for name in names:
                await threads.saver.adelete_thread(name)
        # who needs what is asked only now: nobody can branch off any more
        return await _remove_files(threads, names, references, dry)


async def _references_of(saver: BaseCheckpointSaver[Any], names: Iterable[str]) -> References:
    """Return what the threads name, as far as they can be read."""
    references = References()
    for name in names:
        try:
            await read(saver, name, references)
        except (StoreError, ConfigError):
            continue  # the rest is left to `gems gc`
    return references


async def _remove_files(
    threads: Threads, names: Sequence[str], references: References, dry: bool
) -> Removed:
    store, journal = threads.store, Journal(paths.journal())
    other_references, problem = References(), ""
    try:
        for name in await thread_names(threads.saver):
            if name not in names:
                await read(threads.saver, name, other_references)
    except (StoreError, ConfigError) as error:
        problem, references.hashes = str(error), {}
    own_trajectories = references.trajectories - other_references.trajectories
    needed = {*other_references.hashes, *await journaled(journal, own_trajectories)}
    named_entries = await entries_where(store, lambda entry: entry.sha256 in references.hashes)
    for trajectory in () if dry else own_trajectories:
        await asyncio.wrap_future(journal.forget(trajectory))

    def unneeded(entry: Entry) -> bool:
        last_named = references.hashes.get(entry.sha256, 0.0)
        return entry.sha256 not in needed and entry.modified <= last_named

    files = await (entries_where if dry else remove_where)(store, unneeded)
    return Removed(references.checkpoints, files, len(named_entries) - len(files), problem)


async def entries_where(store: Store, condition: Callable[[Entry], bool]) -> list[Entry]:
    """Return the entries of a store for which a condition holds."""
    return await asyncio.to_thread(lambda: [e for e in store.entries() if condition(e)])


async def remove_where(store: Store, condition: Callable[[Entry], bool]) -> list[Entry]:
    """Remove the entries for which a condition holds, and return them.

    Each is removed right after it was read: somebody may be storing it again at the moment.
    """

    def take() -> list[Entry]:
        removed = []
        for entry in store.entries():
            if condition(entry):
                store.remove(entry.sha256)
                removed.append(entry)
        return removed

    return await asyncio.to_thread(take)
