"""Shrink SQLite files after trajectories have been removed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from gems_graph import paths
from gems_graph.errors import StoreError

_PATIENCE = 60.0  # seconds to wait for another process's write


class Shrunk(NamedTuple):
    """A file, and its bytes before and after."""

    file: Path
    before: int
    after: int


def vacuum() -> list[Shrunk]:
    """Rewrite the files of trajectories and journal; other processes wait meanwhile.

    PostgreSQL does that by itself.

    Raises:
        StoreError: a file is in use for too long, or the disk has no room for a copy of it.
    """
    named = {paths.database(), paths.journal()}
    files = sorted(Path(name) for name in named if "://" not in name and name != ":memory:")
    return [_shrink(file) for file in files if file.is_file()]


def _shrink(file: Path) -> Shrunk:
    before = file.stat().st_size
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)) as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        msg = (
            f"Cannot shrink {file} ({error}): let no run be in progress, and leave as much of the "
            "disk free as the file takes."
        )
        raise StoreError(msg) from error
    return Shrunk(file, before, file.stat().st_size)
