"""A store's bytes behind an fsspec URL: S3 and its like, or another machine's files."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from gems_graph.errors import ConfigError, StoreError
from gems_graph.images.files import Check, Entry, is_key
from gems_graph.system.parts import PARTS, is_abandoned, new_part

_ATOMIC = {"s3", "s3a", "gs", "gcs", "az", "abfs", "memory"}
"""Protocols under which an object appears whole or not at all, and replaces what was there.

S3 adds no partial objects, nor do its like; their "rename" is a copy and a removal. Everywhere
else we write under another name and rename; what is no rename of the server's own may show half
a file, which is then found by its hash.
"""
_EXTRAS = {"s3": "gems-graph[s3]", "s3a": "gems-graph[s3]"}
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/]*@")
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")


class Remote:
    """Files named by their keys behind an fsspec URL.

    Args:
        url: as fsspec takes it; credentials are found the way its package finds them.

    Raises:
        ConfigError: the protocol is unknown, or its package is missing.
        StoreError: the server cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.location = _masked(url).rstrip("/")
        protocol = url.partition("://")[0]
        with self._store_errors():
            self._fs, self._root = _open(url, protocol, self.location)
        self._atomic = protocol in _ATOMIC

    def where(self, key: str) -> str:
        """Return the URL of a key, without a password."""
        return f"{self.location}/{key[:2]}/{key}"

    def size(self, key: str) -> int | None:
        """Return the size of a file in bytes; None: there is none."""
        try:
            with self._store_errors():
                self._fs.invalidate_cache(self._path(key))  # others write here, too
                return int(self._fs.info(self._path(key))["size"])
        except FileNotFoundError:
            return None

    def read(self, key: str) -> bytes:
        """Return the bytes of a key."""
        with self._store_errors():
            return bytes(self._fs.cat_file(self._path(key)))

    def write(self, key: str, data: bytes, check: Check, *, anew: bool) -> None:
        """Write whole or not at all; always, which costs no more than to ask what is there."""
        check()
        try:
            with self._store_errors():
                if self._atomic:
                    self._fs.pipe_file(self._path(key), data)
                else:
                    self._move_in(key, data)
        except OSError as error:
            raise self._store_error(error) from error

    def remove(self, key: str) -> None:
        """Remove a key; a missing one is fine."""
        with suppress(FileNotFoundError), self._store_errors():
            self._fs.rm_file(self._path(key))

    def entries(self) -> Iterator[Entry]:
        """Iterate over all keys, in no order."""
        listing: dict[str, dict[str, Any]] = {}
        with suppress(FileNotFoundError), self._store_errors():
            self._fs.invalidate_cache()
            listing = self._fs.find(self._root, detail=True)
        for path, info in listing.items():
            shard, _, name = path.rpartition("/")
            if is_key(name) and shard.endswith(f"/{name[:2]}"):
                yield Entry(name, int(info["size"]), self._modified(info))

    def sweep(self) -> int:
        """Remove temporary files of dead writers and return how many there were."""
        if self._atomic:  # no such files
            return 0
        parts: list[dict[str, Any]] = []
        with suppress(FileNotFoundError), self._store_errors():
            self._fs.invalidate_cache(f"{self._root}/{PARTS}")
            parts = self._fs.ls(f"{self._root}/{PARTS}", detail=True)
        abandoned = [
            part["name"]
            for part in parts
            if is_abandoned(_file_name(part["name"]), self._modified(part))
        ]
        for path in abandoned:
            with suppress(FileNotFoundError), self._store_errors():
                self._fs.rm_file(path)
        return len(abandoned)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}"

    def _move_in(self, key: str, data: bytes) -> None:
        part, target = f"{self._root}/{PARTS}/{new_part()}", self._path(key)
        for path in (part, target):
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            self._fs.pipe_file(part, data)
            self._fs.mv(part, target)
        except Exception:
            with suppress(Exception):
                self._fs.rm_file(part)
            if self.size(key) != len(data):  # else another writer was first, with the same bytes
                raise

    def _modified(self, info: dict[str, Any]) -> float:
        """Return when a listed file was written; now, if the server does not say."""
        time_written = next((info[key] for key in _TIMES if info.get(key)), None)
        if isinstance(time_written, str):
            with suppress(ValueError):
                time_written = datetime.fromisoformat(time_written)
        if isinstance(time_written, datetime):
            return time_written.timestamp()
        return float(time_written) if isinstance(time_written, int | float) else time.time()

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Turn whatever a driver raises into a `StoreError`, except that a file is missing."""
        try:
            yield
        except (FileNotFoundError, ConfigError, StoreError):
            raise
        except Exception as error:
            raise self._store_error(error) from error

    def _store_error(self, error: Exception) -> StoreError:
        reason = _masked(f"{type(error).__name__}: {error}")
        msg = (
            f"Cannot use the image store {self.location} ({reason}). Check its address, your "
            "credentials and the network, or point GEMS_IMAGES elsewhere."
        )
        return StoreError(msg)


def _open(url: str, protocol: str, location: str) -> tuple[Any, str]:
    """Return a file system and the path in it."""
    from fsspec.core import url_to_fs

    try:
        files, root = url_to_fs(url)
        return files, str(root).rstrip("/")
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        remedy = f"pip install '{extra}'" if extra else str(error).rstrip(".")
        msg = f"The image store {location} needs one more package: {remedy}."
        raise ConfigError(msg) from error
    except ValueError as error:
        msg = f"Cannot open the image store {location} ({error}): use a folder or s3://BUCKET."
        raise ConfigError(msg) from error


def _masked(text: str) -> str:
    """Hide passwords in URLs."""
    return _PASSWORD.sub(r"\1:***@", text)


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]
