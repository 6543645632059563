"""Show a batch while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gems_graph.batch.plan import Task
from gems_graph.batch.summary import Record, cost, count, in_all
from gems_graph.calls.ledger import in_money, total
from gems_graph.cli.terminal.progress import Silent
from gems_graph.prompting.sanitize import printable


class Tally:
    """What a batch has come to so far.

    Args:
        tasks: how many prompts there are in all.
        before: records of what was done before.
        clock: seconds, from any start.
    """

    def __init__(
        self, tasks: int, before: Sequence[Record] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tasks, self.done, self.passed = tasks, len(before), count(before)["passed"]
        self.watches: dict[str, Watch] = {}
        self._cost = cost(before)
        self._before, self._clock, self._started = len(before), clock, clock()

    def end(self, record: Record) -> None:
        """Take note of how a prompt ended."""
        self.watches.pop(record["id"], None)
        self.done += 1
        self.passed += record["status"] == "passed"
        self._cost = in_all([self._cost, record["cost"]])

    @property
    def cost(self) -> float | None:
        """What all of it cost, with what is under way; None: a price is unknown."""
        now = [total(watch.state.get("ledger", {}))["cost"] for watch in self.watches.values()]
        return in_all([self._cost, *now])

    @property
    def per_minute(self) -> float | None:
        """Prompts that end in a minute; None before the first has."""
        seconds, ended = self._clock() - self._started, self.done - self._before
        return 60 * ended / seconds if ended and seconds > 0 else None

    @property
    def left(self) -> timedelta | None:
        """The time that the rest will take, at this rate."""
        if not (rate := self.per_minute):
            return None
        return timedelta(seconds=round(60 * (self.tasks - self.done) / rate))

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [f"{self.passed} passed"]
        if self.watches:
            parts.append(f"{len(self.watches)} under way")
        if rate := self.per_minute:
            parts.append(f"{rate:.1f} a minute")
        return ", ".join([*parts, in_money(self.cost)]) + (f", {self.left} left" * bool(rate))


class Watch(Silent):
    """Follows one trajectory: its last state says what it has used so far."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.state: Mapping[str, Any] = {}
        self._changed = changed

    def update(self, state: dict[str, Any]) -> None:
        """Take note of the state after a step."""
        self.state = state
        self._changed()


class Board:
    """Shows nothing; a context manager."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def __enter__(self) -> Board:
        """Begin to show."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop showing."""

    def begin(self, task: Task) -> Watch:
        """Follow one more trajectory."""
        self.tally.watches[task.id] = watch = Watch(self.changed)
        self.changed()
        return watch

    def end(self, record: Record) -> None:
        """Take note of how it ended."""
        self.tally.end(record)
        self.changed()

    def changed(self) -> None:
        """Show what is new."""


class Lines(Board):
    """One line a prompt, for logs and pipes."""

    def __init__(self, tally: Tally, console: Console) -> None:
        super().__init__(tally)
        self._console = console

    def end(self, record: Record) -> None:
        """Print how it ended."""
        super().end(record)
        self._say(f"{self.tally.done}/{self.tally.tasks} {in_a_line(record)}")

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class Bar(Lines):
    """A bar with counts, rate, cost so far and time left; above it what did not go well."""

    def __init__(self, tally: Tally, console: Console) -> None:
        super().__init__(tally, console)
        columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
        # where results go elsewhere, they must not be caught and drawn above the bar
        here = sys.stdout.isatty()
        self._bar = Progress(*columns, console=console, redirect_stdout=here)
        self._row = self._bar.add_task(str(tally), total=tally.tasks)

    def __enter__(self) -> Bar:
        """Begin to show."""
        self._bar.start()
        self.changed()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the bar on the screen as it is."""
        self._bar.stop()

    def end(self, record: Record) -> None:
        """Print what did not go well, and let the bar grow."""
        Board.end(self, record)
        if record["error"]:
            self._say(in_a_line(record))

    def changed(self) -> None:
        """Bring the bar up to date."""
        self._bar.update(self._row, completed=self.tally.done, description=str(self.tally))


def board(tally: Tally, console: Console, *, quiet: bool) -> Board:
    """Return the right way to show a batch on this console."""
    if quiet:
        return Board(tally)
    return Bar(tally, console) if console.is_terminal else Lines(tally, console)


def in_a_line(record: Record) -> str:
    """Say how one prompt ended."""
    head, error = f"{record['id']} {record['status']}", record["error"]
    if record["folder"] or record["status"] != "failed":
        score = f" {record['passed']}/{record['total']}" if record["total"] else ""
        rounds = f", {record['rounds']} round{'s' * (record['rounds'] != 1)}"
        head += f"{score}{rounds}, {in_money(record['cost'])}"
    return f"{head}: {error}" if error else head
