"""`gems compare` on the terminal: draws with a bar, then prints the table and where things lie."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from gems_graph.batch import Tally, alone, estimate, open_models, read, work_of
from gems_graph.batch.prompt_file import Entry
from gems_graph.cli.terminal.batch_output import BatchOptions as Telling
from gems_graph.cli.terminal.batch_output import estimate_in_words, note
from gems_graph.cli.terminal.batch_progress import board
from gems_graph.cli.terminal.exit_codes import BEST_EFFORT, PASSED, of_signal
from gems_graph.cli.terminal.signals import stoppable
from gems_graph.errors import UsageError
from gems_graph.evaluation.asking import Tell
from gems_graph.evaluation.comparison import Comparison, budget_in
from gems_graph.evaluation.comparison import compare as draw_and_judge
from gems_graph.evaluation.comparison.compare import Compared, Report
from gems_graph.evaluation.comparison.page import about, cells, columns, share
from gems_graph.evaluation.comparison.plan import dials_of
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import Settings

__all__ = ["Telling", "asked", "compare"]


def asked(
    file: str | None, prompt: str, settings: Settings, strategies: Sequence[str], budget: str,
    seeds: int, judge_budget: str,
) -> Comparison:  # fmt: skip
    """Return what is to be compared.

    Raises:
        UsageError: a line of the file, or a budget, is not right, or a strategy comes twice.
        ConfigError: there is no such strategy.
    """
    names = [name.strip() for name in strategies if name.strip()]
    for name in names:
        dials_of(name)
    if len({*names}) < len(names) or not names:
        msg = "Name each strategy once, apart by commas; `gems strategies` lists them."
        raise UsageError(msg)
    requests = read(file) if file else [Entry("the prompt", "1", True, prompt)]
    if any("strategy" in request.dials for request in requests):
        msg = "A prompt of a comparison cannot set its own strategy: --strategies names them."
        raise UsageError(msg)
    return Comparison(requests, names, settings, budget_in(budget), seeds, budget_in(judge_budget))


def compare(comparison: Comparison, told: Telling, *, dry_run: bool) -> int:
    """Compare, print the table, and return the exit code.

    Raises:
        GemsError: a model cannot be opened, or the folder or the database not be used.
    """
    if dry_run:
        work = work_of(comparison.entries, comparison.run_settings, None, told.base)
        done = [*work.done.values()]
        print(printable(estimate_in_words(estimate(work.todo, done, told.at_once))))  # noqa: T201
        return PASSED
    with alone(told.base):
        compared, signum = asyncio.run(_compare(comparison, told))
    if signum:
        note("Interrupted. The same command goes on.")
        return of_signal(signum)
    if compared.stopped and not told.quiet:
        note(f"Stopped early: {compared.stopped} The same command goes on.")
    _tell(compared.report, told)
    whole = all(row["right"] is not None and row["folder"] for row in compared.report["rows"])
    return PASSED if whole and not compared.stopped else BEST_EFFORT


async def _compare(comparison: Comparison, told: Telling) -> tuple[Compared, int]:
    work = work_of(comparison.entries, comparison.run_settings, None, told.base)
    if not told.quiet:
        words = estimate_in_words(estimate(work.todo, [*work.done.values()], told.at_once))
        note(*words.splitlines())
    await asyncio.to_thread(open_models, work.todo)
    quiet = Telling(told.base, told.at_once, quiet=told.quiet)
    tally, console = Tally(len(work.tasks), work.records), Console(stderr=True)
    with stoppable(note) as signals, board(tally, console, quiet) as watcher:
        job = draw_and_judge(
            comparison, work, told.base, told.at_once, watcher, stopper=signals.stopper,
            tell=_judging(told),
        )  # fmt: skip
        return await signals.until_stopped(job), signals.signum


def _judging(told: Telling) -> Tell:
    """Return what says, a few times, how far the judge is."""

    def tell(done: int, of: int) -> None:
        if not told.quiet and (done == of or done % max(1, of // 5) == 0):
            note(f"judge: {done} of {of}")

    return tell


def _tell(report: Report, told: Telling) -> None:
    """Print the report as JSON, or its table and where the rest lies."""
    if told.as_json:
        print(printable(json.dumps(report, ensure_ascii=False)))  # noqa: T201
        return
    if not told.quiet:
        console = Console(highlight=False, emoji=False)
        for each in tables(report):
            console.print(each)
        note(about(report))
    print(told.base / "compare.html")  # noqa: T201


def tables(report: Report) -> list[Table]:
    """Return the table of strategies, and that of paired differences where there are any."""
    lines = report["table"]["strategies"]
    shown = columns(lines.values())
    main = Table("strategy", *shown, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, line in lines.items():
        main.add_row(name, *(cells(line)[head] for head in shown))
    first = next(iter(report["table"]["strategies"]))
    apart = Table(f"{first} minus", "share right", box=box.SIMPLE_HEAD)
    for other, each in report["table"]["differences"].items():
        apart.add_row(other, share(each["mean"], each["mean_95"], signed=True))
    return [main, apart] if report["table"]["differences"] else [main]
