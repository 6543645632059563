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
    names, there = list(dict.fromkeys(names)), {*await thread_names(threads.saver)}
    if unknown := [name for name in names if name not in there]:
        msg = f"There is no trajectory {unknown[0]!r} in {where()}; nothing is removed."
        raise UsageError(msg)
    async with AsyncExitStack() as claims:
        for name in names:
            await claims.enter_async_context(threads.claim(name))
        gone = await _gone(threads.saver, names)
        if not dry:
            for name in names:
                await threads.saver.adelete_thread(name)
        # who needs what is asked only now: nobody can branch off any more
        return await _remove_files(threads, names, gone, dry)


async def _gone(saver: BaseCheckpointSaver[Any], names: Iterable[str]) -> References:
    """Return what the threads name, as far as they can be read."""
    gone = References()
    for name in names:
        try:
            await read(saver, name, gone)
        except (StoreError, ConfigError):
            continue  # the rest is left to `gems gc`
    return gone


async def _remove_files(
    threads: Threads, names: Sequence[str], gone: References, dry: bool
) -> Removed:
    store, journal, others, problem = threads.store, Journal(paths.journal()), References(), ""
    try:
        for name in await thread_names(threads.saver):
            if name not in names:
                await read(threads.saver, name, others)
    except (StoreError, ConfigError) as error:
        problem, gone.hashes = str(error), {}
    own = gone.trajectories - others.trajectories
    needed = {*others.hashes, *await journaled(journal, own)}
    named = await listed(store, lambda entry: entry.sha256 in gone.hashes)
    for trajectory in () if dry else own:
        await asyncio.wrap_future(journal.forget(trajectory))

    def unneeded(entry: Entry) -> bool:
        last = gone.hashes.get(entry.sha256, 0.0)
        return entry.sha256 not in needed and entry.modified <= last

    files = await (listed if dry else taken)(store, unneeded)
    return Removed(gone.checkpoints, files, len(named) - len(files), problem)


async def listed(store: Store, wanted: Callable[[Entry], bool]) -> list[Entry]:
    """Return the entries of a store that are wanted."""
    return await asyncio.to_thread(lambda: [e for e in store.entries() if wanted(e)])


async def taken(store: Store, wanted: Callable[[Entry], bool]) -> list[Entry]:
    """Remove entries, each right after it was looked at: somebody may just be storing it again."""

    def take() -> list[Entry]:
        taken = []
        for entry in store.entries():
            if wanted(entry):
                store.remove(entry.sha256)
                taken.append(entry)
        return taken

    return await asyncio.to_thread(take)
