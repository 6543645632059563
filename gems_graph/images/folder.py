"""A store's bytes in a local folder, by plain calls of the operating system."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gems_graph import paths
from gems_graph.errors import StoreError
from gems_graph.images.files import Check, Entry, is_key
from gems_graph.system.parts import PARTS, is_abandoned, new_part

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class Folder:
    """Files named by their keys, in 256 folders.

    Args:
        folder: created when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.location = str(folder)
        self._folder = folder

    def where(self, key: str) -> str:
        """Return the path of a key."""
        return str(self._path(key))

    def size(self, key: str) -> int | None:
        """Return the size of a file in bytes; None: there is none."""
        try:
            return self._path(key).stat().st_size
        except OSError:
            return None

    def read(self, key: str) -> bytes:
        """Return the bytes of a key."""
        return self._path(key).read_bytes()

    def write(self, key: str, data: bytes, check: Check, *, anew: bool) -> None:
        """Write whole or not at all; what is there already counts as written now."""
        try:
            if not anew and self._already_stored(key, len(data)):
                check()
                return
            try:
                self._write(self._path(key), data, check)
            except FileNotFoundError:  # somebody took our temporary file for a dead writer's
                self._write(self._path(key), data, check)
        except OSError as error:
            raise self._store_error("write to", error) from error

    def remove(self, key: str) -> None:
        """Remove a key; a missing one is fine."""
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            raise self._store_error("remove from", error) from error

    def entries(self) -> Iterator[Entry]:
        """Iterate over all keys, in no order."""
        for shard in self._listed(self._folder):
            if len(shard.name) != 2 or not shard.is_dir():
                continue
            for file in self._listed(shard):
                with suppress(FileNotFoundError):  # removed meanwhile
                    if is_key(file.name) and file.name.startswith(shard.name):
                        status = file.stat()
                        yield Entry(file.name, status.st_size, status.st_mtime)

    def sweep(self) -> int:
        """Remove temporary files of dead writers and return how many there were."""
        removed = 0
        for part in self._listed(self._folder / PARTS):
            with suppress(OSError):  # swept by somebody else, or not ours to remove
                if is_abandoned(part.name, part.stat().st_mtime):
                    Path(part).unlink()
                    removed += 1
        return removed

    def _listed(self, folder: str | os.PathLike[str]) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._store_error("list", error) from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key

    def _already_stored(self, key: str, size: int) -> bool:
        """Tell whether a file of this size is there; its time becomes now, so that gc keeps it."""
        if self.size(key) != size:
            return False
        try:
            os.utime(self._path(key))
        except FileNotFoundError:  # removed meanwhile
            return False
        except OSError:  # another user's file
            return True
        return True

    def _write(self, target: Path, data: bytes, check: Check) -> None:
        """Write elsewhere, flush to disk, then rename: a crash leaves no half file."""
        part = self._folder / PARTS / new_part()
        paths.make_private(part.parent)
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            check()
            new_folder = not target.parent.exists()
            target.parent.mkdir(exist_ok=True)
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        _flush(target.parent)
        if new_folder:
            _flush(self._folder)

    def _store_error(self, doing: str, error: OSError) -> StoreError:
        if error.errno in _FULL:
            remedy = "Free some space, or point GEMS_IMAGES at another disk."
        elif error.errno in _FORBIDDEN:
            remedy = "Point GEMS_IMAGES at a folder you may write to."
        else:
            remedy = "Check the disk, or point GEMS_IMAGES elsewhere."
        reason = error.strerror or error
        return StoreError(f"Cannot {doing} the image store {self.location} ({reason}). {remedy}")


def _flush(folder: Path) -> None:
    """Flush the entries of a folder to disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
