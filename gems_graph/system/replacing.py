"""Write a file whole or not at all, and clear away what a killed writer left."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gems_graph.system.parts import is_abandoned, new_part


def replace_file(file: Path, data: bytes) -> None:
    """Write a file whole or not at all; a link of that name is replaced and not followed.

    Raises:
        OSError: it cannot be written.
    """
    part = file.with_name(new_part())
    try:
        with part.open("xb") as written:
            written.write(data)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> int:
    """Remove what dead writers left in a folder and return how much it was.

    Raises:
        OSError: the folder cannot be listed.
    """
    removed = 0
    for part in folder.glob(".part-*"):
        with suppress(OSError):  # swept by somebody else, or not ours to remove
            if is_abandoned(part.name, part.stat().st_mtime):
                part.unlink()
                removed += 1
    return removed
