"""Locks between processes of one machine, by any name: one small file each, while it is held.

The files are those of `filelock` (flock on Linux and macOS, LockFileEx on Windows), so a killed
process lets go. Whoever holds a lock removes its file before letting go, which is safe because
`filelock` looks whether a file that it locked still has its name: what stays on disk are the empty
files of processes that were killed, until somebody claims or looks at the same name again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gems_graph import paths
from gems_graph.errors import ClaimedError

_PATIENCE = 0.2  # seconds; a look at a lock holds it for a moment


@contextmanager
def claim(name: str, folder: Path | None = None) -> Iterator[None]:
    """Keep others off what has this name while the block runs; a killed process lets go.

    Where nothing can be locked (a read-only disk, a file system without locks), nobody is kept off.

    Args:
        name: any text.
        folder: where the lock files lie, by default `locks` under `GEMS_HOME`; those who name the
            same folder exclude each other.

    Raises:
        UsageError: somebody works on it.
    """
    lock = _lock(name, folder or paths.locks())
    if not _acquire(lock, _PATIENCE):
        raise claimed_error(name)
    try:
        yield
    finally:
        _release(lock)


def is_claimed(name: str, folder: Path | None = None) -> bool:
    """Tell whether somebody works on what has this name at this moment."""
    lock = _lock(name, folder or paths.locks())
    if not Path(lock.lock_file).exists():  # it does as long as it is held
        return False
    if not _acquire(lock, 0):
        return True
    _release(lock)
    return False


def claimed_error(name: str, where: str = "") -> ClaimedError:
    """Return the error that a name is claimed by another process already."""
    return ClaimedError(
        f"{name} is being worked on by another process{where}: wait for it, or stop that one."
    )


def digest_of(name: str) -> bytes:
    """Return 32 bytes that stand for a name, whatever characters it has."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _lock(name: str, folder: Path) -> FileLock:
    file = folder / f"{digest_of(name).hex()[:32]}.lock"
    # threads: a claim may be made in one and end in another; fallback: a file that merely exists
    # would outlive a killed process of another machine
    return FileLock(file, mode=0o600, thread_local=False, fallback_to_soft=False)


def _acquire(lock: FileLock, timeout: float) -> bool:
    """Take a lock; return False if another process has it, True also where locking fails."""
    try:
        paths.make_private(Path(lock.lock_file).parent)
        lock.acquire(timeout=timeout, poll_interval=0.01)
    except Timeout:
        return False
    except OSError:
        return True
    return True


def _release(lock: FileLock) -> None:
    if not lock.is_locked:
        return
    if sys.platform != "win32":  # where the library does it, as an open file cannot be removed
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
    lock.release()
