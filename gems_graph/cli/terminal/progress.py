"""Show a run while it goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from gems_graph.memory import passes
from gems_graph.prompting.sanitize import printable

_DOING = {
    "begin": "beginning",
    "planner": "planning",
    "decomposer": "listing criteria",
    "generator": "drawing",
    "verifier": "looking",
    "refiner": "refining",
    "compressor": "learning",
    "select": "choosing",
}
_CHIP = {"yes": ("✓", "bold green"), "no": ("✗", "bold red"), "unsure": ("?", "bold yellow")}


class Progress(Protocol):
    """What the command line tells of a run; a context manager."""

    def __enter__(self) -> Progress:
        """Begin to show."""

    def __exit__(self, *exc: object) -> None:
        """Stop showing."""

    def doing(self, node: str) -> None:
        """Say which node works now."""

    def update(self, state: dict[str, Any]) -> None:
        """Take note of the state after a step."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Silent:
        """Begin to show nothing."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop showing nothing."""

    def doing(self, node: str) -> None:
        """Ignore it."""

    def update(self, state: dict[str, Any]) -> None:
        """Ignore it."""


class Lines(Silent):
    """One line per event, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._criteria = self._rounds = 0

    def __enter__(self) -> Lines:
        """Begin to show."""
        return self

    def update(self, state: dict[str, Any]) -> None:
        """Print what is new: the criteria, then each round with what failed."""
        criteria, rounds = state.get("criteria", []), state.get("rounds", [])
        if len(criteria) > self._criteria:
            of_skills = " with those of its skills" if self._criteria else ""
            self._criteria = len(criteria)
            self._say(f"{len(criteria)} criteria{of_skills}")
        for round_ in rounds[self._rounds :]:
            pairs = zip(criteria, round_["verdicts"], strict=True)
            missed = [c["question"] for c, v in pairs if v["answer"] != "yes"]
            tail = "".join(f"\n  not yet: {question}" for question in missed)
            self._say(f"round {round_['n']}: {passes(round_)} of {len(criteria)}{tail}")
        self._rounds = len(rounds)

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


class LiveTable(Silent):
    """A table of criteria by rounds that fills while the run goes on."""

    def __init__(self, console: Console) -> None:
        self._state: dict[str, Any] = {}
        self._working = True
        self._spinner = Spinner("dots", "beginning")
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._render)

    def __enter__(self) -> LiveTable:
        """Begin to show."""
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the finished table on the screen."""
        self._working = False
        self._live.stop()

    def doing(self, node: str) -> None:
        """Name the work beside the spinner."""
        n = self._state.get("attempt", {}).get("n", 0)
        round_ = f"round {max(n, 1)}: " if node in {"generator", "verifier"} else ""
        self._spinner.update(text=f"{round_}{_DOING.get(node, node)}")

    def update(self, state: dict[str, Any]) -> None:
        """Take the new state; the next refresh shows it."""
        self._state = state

    def _render(self) -> Table:
        outer = Table.grid()
        outer.add_row(verdicts(self._state))
        if self._working:
            outer.add_row(self._spinner)
        return outer


def verdicts(state: Mapping[str, Any]) -> Table:
    """Return the table of criteria by rounds."""
    rounds = state.get("rounds", [])
    table = Table(box=None, padding=(0, 1))
    table.add_column("criterion", overflow="fold")
    for round_ in rounds:
        table.add_column(str(round_["n"]), justify="center")
    for k, criterion in enumerate(state.get("criteria", [])):
        chips = [Text(*_CHIP[round_["verdicts"][k]["answer"]]) for round_ in rounds]
        table.add_row(Text(printable(criterion["question"])), *chips)
    if rounds:
        scores = [f"{passes(round_)}/{len(round_['verdicts'])}" for round_ in rounds]
        table.add_row("", *scores, style="dim")
    return table


def progress(console: Console, *, quiet: bool) -> Progress:
    """Return the right way to show a run on this console."""
    if quiet:
        return Silent()
    return LiveTable(console) if console.is_terminal else Lines(console)
