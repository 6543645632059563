"""`gems eval` on the terminal: asks, then prints tables, or the whole report as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gems_graph.cli.measuring import Measuring
from gems_graph.cli.terminal.evaluation_tables import decomposer_tables, note, verifier_tables
from gems_graph.cli.terminal.exit_codes import BEST_EFFORT, FAILED, PASSED
from gems_graph.errors import UsageError
from gems_graph.evaluation import atoms, cases
from gems_graph.evaluation import decomposer as decomposing
from gems_graph.evaluation import verifier as verifying
from gems_graph.evaluation.asking import Evaluation, Tell
from gems_graph.evaluation.scenes import scenes
from gems_graph.images import Store
from gems_graph.prompting.sanitize import printable
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.players import settings_and_toolbox
from gems_graph.strategies import open_strategy

Report = dict[str, Any]
Evaluate = Callable[[Evaluation], Coroutine[Any, Any, Report]]


def decomposer(data: Path | None, limit: int | None, on: Measuring) -> int:
    """Compare criteria with atoms, print the report, and return the exit code.

    Raises:
        UsageError: the data cannot be read, or the report not be written.
        ConfigError: the model cannot be opened.
    """
    requests = atoms.read(data or atoms.PACKAGED, limit)
    report = evaluated(lambda how: decomposing.evaluate(requests, on.settings, how), on)
    tell_report(report, on, decomposer_tables)
    return code_of(report["read"] + report["unreadable"], len(requests))


def cases_in(folder: Path | None, pictures: int, seed: int) -> list[cases.Case]:
    """Return the pictures of a folder, or some of the offline world.

    Raises:
        UsageError: the folder cannot be read.
    """
    return cases.labelled(folder) if folder else [*scenes(pictures, seed)]


def verifier(pictures: Sequence[cases.Case], axes: Sequence[verifying.Axis], on: Measuring) -> int:
    """Judge pictures in every combination of some axes, print the report, and return the exit code.

    Raises:
        UsageError: the report cannot be written.
        ConfigError: a value is not valid, or the model cannot be opened.
    """
    ways = verifying.ways(on.settings, *axes)
    report = evaluated(lambda how: verifying.evaluate(pictures, ways, how), on)
    tell_report(report, on, verifier_tables)
    missing = [w["pictures_failed"] + w["pictures_not_asked"] for w in report["ways"].values()]
    jobs = len(pictures) * len(ways)
    return code_of(jobs - sum(missing), jobs)


def evaluated(evaluate: Evaluate, on: Measuring) -> Report:
    """Evaluate on the background loop, with a store that is gone afterwards."""
    strategy = open_strategy(on.settings.strategy)
    with tempfile.TemporaryDirectory() as folder, _progress(on) as tell:
        _, make = settings_and_toolbox(
            None, None, Store(folder), roles=strategy.all_roles, prompts=strategy.prompts
        )
        return BACKGROUND.run(lambda: evaluate(Evaluation(make, on.again, tell)))


@contextmanager
def _progress(on: Measuring) -> Iterator[Tell]:
    """Show on a terminal how many are done."""
    console = Console(stderr=True)
    columns = (TextColumn("asking"), BarColumn(), MofNCompleteColumn())
    hidden = on.quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("asking", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def tell_report(report: Report, on: Measuring, tables: Callable[[Report, Console], None]) -> None:
    """Print a report as tables or as JSON, and write it to a file if one is named.

    Raises:
        UsageError: the file cannot be written.
    """
    text = json.dumps(report, ensure_ascii=False, indent=1)
    if on.out:
        try:
            on.out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            msg = f"Cannot write the report to {on.out} ({error.strerror}); name another file."
            raise UsageError(msg) from error
    if on.as_json:
        print(printable(text))  # noqa: T201
    else:
        tables(report, Console(highlight=False, emoji=False))
    if report.get("stopped") and not on.quiet:
        note(f"Stopped early: {report['stopped']} The same command goes on.")


def code_of(done: int, of: int) -> int:
    """Return the exit code of an evaluation by how much of it could be done."""
    if done == of:
        return PASSED
    return BEST_EFFORT if done else FAILED
