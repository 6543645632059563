"""`gems report`, and the report that a batch ends with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gems_graph.batch import Record
from gems_graph.cli.terminal.batch_output import note
from gems_graph.errors import GemsError, UsageError
from gems_graph.images import Store
from gems_graph.persistence.show import kept_of, look_up
from gems_graph.persistence.threads import open_threads, where
from gems_graph.report.html.reading import RECORD, read, records_at
from gems_graph.report.html.reports import write_report
from gems_graph.report.html.views import Kept
from gems_graph.report.moving import write_moving
from gems_graph.report.strip import write_strip

MOST = 200
"""Trajectories in the report that a batch ends with; `gems report` takes more."""
_PICTURES = {".png": write_strip, ".gif": write_moving, ".webp": write_moving}


def report(what: Sequence[str], out: Path | None, title: str = "") -> Path:
    """Write a report of threads, folders and files, and return its file.

    Raises:
        UsageError: there is no such trajectory.
        StoreError: the report cannot be written.
    """
    store, kept = Store(), _found(what)
    alone = Path(what[0]) if len(what) == 1 else None
    folder = alone if alone and alone.is_dir() else Path("gems-out")
    file = out or folder / "report.html"
    if write := _PICTURES.get(file.suffix.lower()):
        return write(file, _the_one(kept, file).state, store)
    if file.suffix.lower() not in (".html", ".htm"):
        msg = f"{file} names no kind of report: end it in .html, or .png, .gif, .webp of one run."
        raise UsageError(msg)
    return write_report(file, kept, store, title or folder.resolve().name)


def batch_report(base: Path, records: Sequence[Record], *, quiet: bool) -> None:
    """Write the report of a batch's folder: of its first trajectories that have a picture."""
    files = [Path(record["folder"]) / RECORD for record in records if record["folder"]]
    kept = _read(files[:MOST])
    if not kept:
        return
    more = len(files) - len(kept)
    try:
        file = write_report(base / "report.html", kept, Store(), base.resolve().name, more)
    except GemsError as error:  # what was drawn is there all the same
        note(f"No report: {error}")
        return
    if not quiet:
        left_out = f", of the first {len(kept)}; `gems report {base}` takes more" if more else ""
        note(f"Report: {file}{left_out}")


def _found(what: Sequence[str]) -> list[Kept]:
    """Return what threads, folders and files hold, in the order given."""
    if not what or not all(Path(each).exists() for each in what):
        return asyncio.run(_with_threads(what or [""]))
    return [kept for each in what for kept in _at(Path(each))]


async def _with_threads(what: Sequence[str]) -> list[Kept]:
    found: list[Kept] = []
    async with open_threads() as threads:
        for each in what:
            if each and Path(each).exists():
                found += await asyncio.to_thread(_at, Path(each))
                continue
            try:
                shown = await look_up(threads, each or None)
            except UsageError as error:
                if not each:
                    raise
                msg = (
                    f"{each!r} is neither a file or folder here nor a trajectory in {where()}; "
                    "`gems history` lists them."
                )
                raise UsageError(msg) from error
            found.append(await asyncio.to_thread(kept_of, shown))
    return found


def _at(place: Path) -> list[Kept]:
    """Return what a file or a folder holds."""
    files = records_at(place)
    return [read(files[0])] if len(files) == 1 else _read(files)


def _read(files: Sequence[Path]) -> list[Kept]:
    """Return the trajectories of records; say which cannot be read, and leave those out."""
    found = []
    for file in files:
        try:
            found.append(read(file))
        except UsageError as error:
            note(f"Left out: {error}")
    return found


def _the_one(kept: Sequence[Kept], file: Path) -> Kept:
    if len(kept) != 1:
        msg = f"{file.suffix} is of one trajectory, and these are {len(kept)}: name one, or .html."
        raise UsageError(msg)
    return kept[0]
