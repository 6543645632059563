"""Open generators, shared by all runs of a process; the least recently used are closed for room."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache

from gems_graph.generators.opening import check_servers, open_generator
from gems_graph.generators.protocol import Generator
from gems_graph.settings.generator import GeneratorSpec

SIZE = 8
"""Generators kept open at most, beside those that are drawing."""


@dataclass
class _Entry:
    """An open generator, how many draw with it, and the event loop that its clients live on."""

    generator: Generator
    users: int = 0
    loop: asyncio.AbstractEventLoop | None = None
    evicted: bool = False


class Pool:
    """Generators by what opens them; one that is drawing is never closed.

    Args:
        size: generators kept open at most, beside those that are drawing.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._opening = threading.Lock()  # two runs that start together must share one generator

    @asynccontextmanager
    async def lent(self, spec: GeneratorSpec) -> AsyncIterator[Generator]:
        """Lend the generator of a spec; open it if it is not.

        Raises:
            ConfigError: it cannot be opened.
        """
        while (entry := self._lend(spec)) is None:
            await self._evict(self._size - 1)  # first, as two may not fit one device
            await asyncio.to_thread(self._open, spec)
        entry.loop = asyncio.get_running_loop()
        try:
            yield entry.generator
        finally:
            with self._lock:
                entry.users -= 1
            if entry.evicted and not entry.users:
                await _close(entry)
            await self._evict(self._size)

    async def close(self) -> None:
        """Close every generator; one that is drawing when it has drawn."""
        with self._lock:
            entries = [*self._entries.values()]
            self._entries.clear()
            for entry in entries:
                entry.evicted = True
        for entry in entries:
            if not entry.users:
                await _close(entry)

    def _lend(self, spec: GeneratorSpec) -> _Entry | None:
        with self._lock:
            entry = self._entries.get(spec.identity)
            if entry:
                entry.users += 1
                self._entries.move_to_end(spec.identity)
            return entry

    def _open(self, spec: GeneratorSpec) -> None:
        """Open a generator, which may import and load much; so not on the event loop."""
        with self._opening:
            if spec.identity not in self._entries:
                entry = _Entry(open_generator(spec))
                with self._lock:
                    self._entries[spec.identity] = entry

    async def _evict(self, limit: int) -> None:
        """Close idle generators, the least recently used first, down to `limit` open ones."""
        with self._lock:
            # never the newest: it may just have been opened for somebody
            idle = [key for key, entry in [*self._entries.items()][:-1] if not entry.users]
            excess = max(0, len(self._entries) - limit)
            entries = [self._entries.pop(key) for key in idle[:excess]]
        for entry in entries:
            await _close(entry)


async def _close(entry: _Entry) -> None:
    """Close a generator on the loop of its clients; a failure is a warning, no error."""
    running_loop = asyncio.get_running_loop()
    loop = entry.loop or running_loop
    if loop.is_closed():  # and its connections with it
        return
    try:
        if loop is running_loop:
            await entry.generator.aclose()
        else:
            future = asyncio.run_coroutine_threadsafe(entry.generator.aclose(), loop)
            await asyncio.wrap_future(future)
    except Exception as error:  # noqa: BLE001  # anybody's code
        text = f"the generator {entry.generator.name!r} could not be closed: {error}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def lent(spec: GeneratorSpec) -> AbstractAsyncContextManager[Generator]:
    """Lend the process's one generator of a spec while it draws.

    Raises:
        ConfigError: the host does not allow its server.
    """
    check_servers(spec)
    return _pool(os.getpid()).lent(spec)


async def close_generators() -> None:
    """Close every generator of the process; the next picture opens what it needs."""
    await _pool(os.getpid()).close()


@lru_cache(maxsize=1)
def _pool(pid: int) -> Pool:  # a forked child must not touch its parent's connections
    return Pool()
