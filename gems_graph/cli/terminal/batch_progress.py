"""Show a batch while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gems_graph.batch import Record, Tally, Task
from gems_graph.calls.ledger import in_money
from gems_graph.cli.terminal.batch_output import BatchOptions, print_record
from gems_graph.events import Event
from gems_graph.prompting.sanitize import printable


class Board:
    """Prints records where they are wanted, and shows nothing else; a context manager."""

    def __init__(self, tally: Tally, options: BatchOptions) -> None:
        self.tally, self._options = tally, options

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop showing."""

    def begin(self, task: Task) -> None:
        """Count one more trajectory under way."""
        self.tally.begin(task)

    def take(self, task: Task, event: Event) -> None:
        """Count what an event says was used."""
        self.tally.take(task, event)

    def end(self, record: Record) -> None:
        """Take note of how it ended."""
        self.tally.end(record)
        print_record(record, self._options)


class Lines(Board):
    """One line a prompt, for logs and pipes."""

    def __init__(self, tally: Tally, options: BatchOptions, console: Console) -> None:
        super().__init__(tally, options)
        self._console = console

    def end(self, record: Record) -> None:
        """Print how it ended."""
        super().end(record)
        self._say(f"{self.tally.done}/{self.tally.tasks} {in_a_line(record)}")

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class Bar(Lines):
    """A bar with counts, rate, cost so far and time left; above it what did not go well."""

    def __init__(self, tally: Tally, options: BatchOptions, console: Console) -> None:
        super().__init__(tally, options, console)
        columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
        # where results go elsewhere, they must not be caught and drawn above the bar
        redirect = sys.stdout.isatty()
        self._bar = Progress(*columns, console=console, redirect_stdout=redirect)
        self._row = self._bar.add_task(so_far(tally), total=tally.tasks)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bar.start()
        self._refresh()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the bar on the screen as it is."""
        self._bar.stop()

    def begin(self, task: Task) -> None:
        """Show that one more is under way."""
        super().begin(task)
        self._refresh()

    def take(self, task: Task, event: Event) -> None:
        """Show what it cost so far."""
        super().take(task, event)
        if event["type"] in ("run_started", "node_ended"):
            self._refresh()

    def end(self, record: Record) -> None:
        """Print what did not go well, and let the bar grow."""
        Board.end(self, record)
        if record["error"]:
            self._say(in_a_line(record))
        self._refresh()

    def _refresh(self) -> None:
        self._bar.update(self._row, completed=self.tally.done, description=so_far(self.tally))


def board(tally: Tally, console: Console, options: BatchOptions) -> Board:
    """Return the right way to show a batch on this console."""
    if options.quiet:
        return Board(tally, options)
    return (Bar if console.is_terminal else Lines)(tally, options, console)


def so_far(tally: Tally) -> str:
    """Say in a line what a batch has come to."""
    parts = [f"{tally.passed} passed"]
    if tally.under_way:
        parts.append(f"{tally.under_way} under way")
    if rate := tally.per_minute:
        parts.append(f"{rate:.1f} a minute")
    return ", ".join([*parts, in_money(tally.cost)]) + (f", {tally.remaining} left" * bool(rate))


def in_a_line(record: Record) -> str:
    """Say how one prompt ended."""
    head, error = f"{record['id']} {record['status']}", record["error"]
    if record["folder"] or record["status"] != "failed":
        score = f" {record['passed']}/{record['total']}" if record["total"] else ""
        rounds = f", {record['rounds']} round{'s' * (record['rounds'] != 1)}"
        head += f"{score}{rounds}, {in_money(record['cost'])}"
    return f"{head}: {error}" if error else head
