"""Options of the command line for many prompts at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import MANY
from gems_graph.errors import UsageError
from gems_graph.settings import Settings

if TYPE_CHECKING:  # imported late: `--help` needs no pictures
    from gems_graph.report.folder import Contents

_AT_ONCE = 4

PROMPTS = typer.Option(
    "--prompts", metavar="FILE", rich_help_panel=MANY,
    help="File with one prompt a line, or JSON lines; `-` is stdin. What the output folder has "
    "already is skipped; default gems-out/NAME of the file.",
)  # fmt: skip
CONCURRENCY = typer.Option(
    "--concurrency", metavar="N", min=1, max=256, rich_help_panel=MANY,
    help=f"Trajectories at once. (The setting `concurrency` bounds calls to one server.) Default "
    f"{_AT_ONCE}.",
)  # fmt: skip
DRY_RUN = typer.Option(
    "--dry-run", metavar="", rich_help_panel=MANY, help="Print the estimate, and draw nothing."
)
SHARD = typer.Option(
    "--shard", metavar="I/N", rich_help_panel=MANY,
    help="Draw the Ith of N parts first, then what the others leave: one command a machine, over "
    "one PostgreSQL and one image store, with output folders of the same name.",
)  # fmt: skip
STRIPS = typer.Option(
    "--strips", metavar="", rich_help_panel=MANY,
    help="Also draw rounds.png, all rounds at a glance, into each folder.",
)  # fmt: skip
ALL = typer.Option(
    "--all", metavar="", rich_help_panel=MANY, help="Take up every one that did not end well."
)


def run_many(
    source: str,
    settings: Settings,
    criteria: Sequence[str] | None,
    folder: Callable[[str], Path],
    *,
    out: Path | None,
    concurrency: int | None,
    shard: str | None,
    dry_run: bool,
    strips: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Draw the prompts of a file; return the exit code."""
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.batch.shards import shard_in
        from gems_graph.cli.terminal import batch
    base = out or folder("stdin" if source == "-" else Path(source).stem)
    options = batch.BatchOptions(
        base, concurrency or _AT_ONCE, as_json, quiet, "strip" if strips else "rounds",
        shard_in(shard, base.resolve().name),
    )  # fmt: skip
    return batch.run_prompts(source, settings, criteria, options, dry_run=dry_run)


def resume_many(
    settings: Settings,
    folder: Callable[[str], Path],
    *,
    out: Path | None,
    concurrency: int | None,
    strips: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Take up every trajectory that did not end well; return the exit code."""
    with loading():
        from gems_graph.cli.terminal import batch
    base = out or folder("any").parent
    contents: Contents = "strip" if strips else "rounds"
    options = batch.BatchOptions(base, concurrency or _AT_ONCE, as_json, quiet, contents)
    return batch.resume_all(settings, options, lambda thread: base / folder(thread).name)


def refuse(options: Mapping[str, object], because: str) -> None:
    """Make sure that none of some options is given.

    Args:
        options: by name; None or False: not given.
        because: ends the message.

    Raises:
        UsageError: one is given.
    """
    if misplaced := next(
        (name for name, value in options.items() if value not in (None, False)), None
    ):
        msg = f"{misplaced} {because}"
        raise UsageError(msg)
