"""What a forked child must not inherit: locks that somebody holds, clients of another loop."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Something that a child must not use as its parent left it."""

    def renew(self) -> None:
        """Begin anew, as if nothing had been done yet."""


_ALIVE: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_in_children(thing: Renewable) -> None:
    """Renew a thing in every forked child before anything else runs there.

    A child has one thread: a lock that another thread held stays locked for ever, and a client,
    a limit or a future of the parent's event loop waits for a thread that is not there.
    """
    _ALIVE.add(thing)


class Lock:
    """A lock that a forked child finds open; for `with`."""

    def __init__(self) -> None:
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Let go, whoever held it."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc: object) -> None:
        self._lock.release()


def _renew_all() -> None:
    for thing in [*_ALIVE]:
        thing.renew()


if hasattr(os, "register_at_fork"):  # elsewhere nothing forks
    os.register_at_fork(after_in_child=_renew_all)
