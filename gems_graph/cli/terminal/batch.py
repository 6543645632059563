"""`gems run --prompts` and `gems resume --all`: many trajectories at once, from the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from gems_graph.batch import (
    Tally,
    Work,
    alone,
    carry_out,
    estimate,
    open_models,
    read,
    work_left_open,
    work_of,
)
from gems_graph.batch.prompt_file import Entry
from gems_graph.cli.terminal.batch_output import (
    BatchOptions,
    End,
    code,
    estimate_in_words,
    note,
    print_end,
    print_record,
    remarks,
)
from gems_graph.cli.terminal.batch_progress import board
from gems_graph.cli.terminal.exit_codes import PASSED
from gems_graph.cli.terminal.reports import batch_report
from gems_graph.cli.terminal.signals import stoppable
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import Settings

__all__ = ["BatchOptions", "resume_all", "run_entries", "run_prompts"]


def run_prompts(
    source: str,
    settings: Settings,
    criteria: Sequence[str] | None,
    options: BatchOptions,
    *,
    dry_run: bool = False,
) -> int:
    """Draw every prompt of a file that its folder does not hold yet; return the exit code.

    Raises:
        UsageError: a line of the file is not right.
        ConfigError: a model cannot be opened; nothing has been spent.
        GemsError: the folder or the database cannot be used.
    """
    return run_entries(read(source), settings, criteria, options, dry_run=dry_run)


def run_entries(
    entries: Sequence[Entry],
    settings: Settings,
    criteria: Sequence[str] | None,
    options: BatchOptions,
    *,
    dry_run: bool = False,
) -> int:
    """Draw every entry that its folder does not hold yet; the exit code and errors as above."""
    with nullcontext() if dry_run else alone(options.base):
        work = work_of(entries, settings, criteria, options.base, options.shard)
        words = estimate_in_words(estimate(work.todo, [*work.done.values()], options.at_once))
        if dry_run:
            print(printable(words))  # noqa: T201
            return PASSED
        if not options.quiet:
            note(*words.splitlines(), *remarks(work))
        open_models(work.todo)
        return _carry_out(work, options)


def resume_all(settings: Settings, options: BatchOptions, folder: Callable[[str], Path]) -> int:
    """Take up every trajectory that did not end well; return the exit code.

    Args:
        settings: win over those that a trajectory began with, where they are set.
        options: how.
        folder: names the folder of a thread.

    Raises:
        GemsError: the folder or the database cannot be used.
    """
    work, ends = asyncio.run(work_left_open(settings, folder))
    if not options.quiet:
        waiting = [f"{thread} waits for an answer: gems resume {thread}" for thread in ends.waiting]
        busy = [f"{thread} is being worked on by another process." for thread in ends.busy]
        note(f"{len(work.todo)} to take up.", *waiting, *busy)
    if not work.todo:
        return PASSED
    with alone(options.base):
        return _carry_out(work, options)


def _carry_out(work: Work, options: BatchOptions) -> int:
    """Draw, tell of it, and return the exit code."""
    records = work.records
    for record in records:
        print_record(record, options)
    end = asyncio.run(_draw(work, Tally(len(work.tasks), records), options))
    if (work.todo or not (options.base / "report.html").exists()) and not end.signum:
        batch_report(options.base, end.summary.records, quiet=options.quiet)
    print_end(end, len(work.tasks), options)
    return code(end)


async def _draw(work: Work, tally: Tally, options: BatchOptions) -> End:
    with stoppable(note) as signals, board(tally, Console(stderr=True), options) as watcher:
        drawing = carry_out(
            work, options.base, options.at_once, watcher, signals.stopper, options.contents
        )
        summary, reason = await signals.until_stopped(drawing)
    return End(summary, signals.signum, reason)
