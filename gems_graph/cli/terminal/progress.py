"""Show a run while it goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from gems_graph.cli.terminal.inline import Show
from gems_graph.cli.terminal.verdicts import verdict_table
from gems_graph.events import Event, Waiting
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted_criteria
from gems_graph.runs.view import View


class Silent:
    """Shows nothing of a run's events; a context manager."""

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop showing."""

    def take(self, event: Event) -> None:
        """Take an event."""


class Lines(Silent):
    """One line for the criteria and for each round, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console, self._view = console, View()
        self._criteria = 0
        self._printed: set[int] = set()
        self._waits: set[str] = set()

    def take(self, event: Event) -> None:
        """Print what is new: the criteria, then each round with what failed."""
        self._view.take(event)
        if event["type"] == "waiting":
            self._waiting(event)
        count = len(self._view.criteria)
        if count > self._criteria:
            suffix = " with those of its skills" if self._criteria else ""
            self._criteria = count
            self._say(f"{counted_criteria(count)}{suffix}")
        for n, answers in self._view.answers.items():
            if n not in self._printed:
                self._printed.add(n)
                self._round(n, answers)

    def _waiting(self, event: Waiting) -> None:
        """Say once a time what is waited for: side by side, several calls fail alike."""
        line = f"{event['who']}: {event['why']}; trying again ({event['repeat']} of {event['of']})"
        if line not in self._waits:
            self._waits.add(line)
            self._say(line)

    def _round(self, n: int, answers: list[str]) -> None:
        pairs = zip(self._view.questions, answers, strict=False)
        failed = [question for question, answer in pairs if answer != "yes"]
        tail = "".join(f"\n  not yet: {question}" for question in failed)
        self._say(f"round {n}: {answers.count('yes')} of {len(answers)}{tail}")

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class LiveTable(Silent):
    """A table of criteria by rounds that fills while the run goes on."""

    def __init__(self, console: Console, show: Show | None = None) -> None:
        self._view, self._working, self._show = View(), True, show
        self._spinner = Spinner("dots", "beginning")
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._render)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the finished table on the screen."""
        self._working = False
        self._live.stop()

    def take(self, event: Event) -> None:
        """Take an event; the next refresh shows it, and a picture at once, above the table."""
        self._view.take(event)
        if event["type"] == "picture_ready" and self._show:
            self._live.console.print(self._show(event["image"]))
        if self._view.working:
            self._spinner.update(text=printable(self._view.work))

    def _render(self) -> Table:
        grid = Table.grid()
        grid.add_row(verdict_table(self._view.questions, self._view.answers))
        if self._working:
            grid.add_row(self._spinner)
        return grid


def progress(console: Console, *, quiet: bool, show: Show | None = None) -> Silent:
    """Return the right way to show a run on this console.

    Args:
        console: that it is shown on.
        quiet: show nothing.
        show: makes of a picture what the console shows of it; None: it shows none.
    """
    if quiet:
        return Silent()
    return LiveTable(console, show) if console.is_terminal else Lines(console)
