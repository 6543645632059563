"""What the store requires of the place where its bytes lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from gems_graph.errors import StoreError

Check = Callable[[], object]
"""Called before what was written appears under its name; what it raises undoes the writing."""
_KEY = re.compile(r"[0-9a-f]{64}")


class Entry(NamedTuple):
    """One stored picture or text: hash, bytes, and when it was last put, in POSIX seconds."""

    sha256: str
    size: int
    modified: float


class Files(Protocol):
    """Bytes by key, each in a file of its own; keys are hashes."""

    location: str

    def where(self, key: str) -> str:
        """Return where a key lies, for messages."""

    def size(self, key: str) -> int | None:
        """Return the size of a file in bytes; None: there is none."""

    def read(self, key: str) -> bytes:
        """Return the bytes of a key.

        Raises:
            OSError: they cannot be read, or there are none.
            StoreError: the place cannot be reached.
        """

    def write(self, key: str, data: bytes, check: Check, *, anew: bool) -> None:
        """Write whole or not at all; what is there already counts as written now.

        Args:
            key: of the bytes.
            data: the bytes.
            check: called when nothing but the name is missing.
            anew: write even where a file of the same size is.

        Raises:
            StoreError: the place cannot be written.
        """

    def remove(self, key: str) -> None:
        """Remove a key; a missing one is fine.

        Raises:
            StoreError: it cannot be removed.
        """

    def entries(self) -> Iterator[Entry]:
        """Iterate over all keys, in no order."""

    def sweep(self) -> int:
        """Remove temporary files of dead writers and return how many there were."""


def is_key(name: str) -> bool:
    """Tell whether a name can be that of stored bytes; nothing else ever becomes a path."""
    return bool(_KEY.fullmatch(name))


def checked(sha256: str) -> str:
    """Return a name if it is a hash; a path must not be made of anything else.

    Raises:
        StoreError: it is none.
    """
    if not is_key(sha256):
        msg = f"{sha256[:80]!r} is no name in the image store: give 64 hexadecimal digits."
        raise StoreError(msg)
    return sha256
