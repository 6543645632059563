"""`gems eval report` on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gems_graph.benchmarks import figures as drawing
from gems_graph.benchmarks import page, rows, tables
from gems_graph.cli.terminal.batch_output import note
from gems_graph.cli.terminal.benchmarks import write
from gems_graph.cli.terminal.exit_codes import PASSED
from gems_graph.errors import UsageError


def report(folders: Sequence[Path], out: Path | None, *, figures: bool, quiet: bool) -> int:
    """Write tables, figures and the page of some runs, and print the page's name.

    Raises:
        UsageError: a folder holds no run, or it cannot be written.
        ConfigError: matplotlib is missing.
    """
    found = rows.collect(folders)
    place = out or folders[0] / "report"
    try:
        place.mkdir(parents=True, exist_ok=True)
        files = drawing.draw(found, place) if figures else []
    except OSError as error:
        msg = f"Cannot write to {place} ({error.strerror}); name another folder with --out."
        raise UsageError(msg) from error
    listed = tables.tables(found)
    write(place / "report.md", "\n".join(map(tables.markdown, listed)))
    write(place / "report.html", page.page(found, listed, files))
    if not quiet:
        unjudged = [row.label for row in found if row.report is None]
        note(*([f"Not judged yet: {', '.join(unjudged)}."] if unjudged else []))
    print(place / "report.html")  # noqa: T201
    return PASSED
