"""Who works on what: a trajectory is never taken up by two processes of one machine at once."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gems_graph import paths
from gems_graph.errors import UsageError

if sys.platform != "win32":
    import fcntl

_HELD: set[str] = set()
_FILES: dict[Path, int] = {}  # never closed: closing one would drop every lock of this process
_TAKEN = {errno.EACCES, errno.EAGAIN}


@contextmanager
def claim(name: str) -> Iterator[None]:
    """Keep others off a thread, or a folder, while the block runs; a killed process lets go.

    Raises:
        UsageError: somebody works on it.
    """
    if name in _HELD or not _lock(name):
        msg = f"{name} is being worked on by another process: wait for it, or stop that one."
        raise UsageError(msg)
    _HELD.add(name)
    try:
        yield
    finally:
        _HELD.discard(name)
        _unlock(name)


def is_claimed(name: str) -> bool:
    """Tell whether somebody works on a thread or a folder at this moment."""
    try:
        with claim(name):
            return False
    except UsageError:
        return True


def _lock(name: str) -> bool:
    """Lock one byte for each name in one file; where that cannot be, nobody is kept off."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.lockf(_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(name))
    except OSError as error:
        return error.errno not in _TAKEN
    return True


def _unlock(name: str) -> None:
    if sys.platform != "win32":
        try:
            fcntl.lockf(_file(), fcntl.LOCK_UN, 1, _offset(name))
        except OSError:
            return  # as when it could not be locked


def _file() -> int:
    path = paths.home() / "claims"
    if path not in _FILES:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _FILES[path] = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    return _FILES[path]


def _offset(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:7])
