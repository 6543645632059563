"""How a batch is shown: a bar on a terminal, lines elsewhere, and its estimate in words."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gems_graph.batch import Tally, Task, estimate
from gems_graph.batch.plan import Done
from gems_graph.calls.ledger import no_usage
from gems_graph.cli.terminal.batch_output import BatchOptions, estimate_in_words
from gems_graph.cli.terminal.batch_progress import Bar, Board, Lines, board, so_far
from gems_graph.settings import settle
from tests.conftest import console, ended, started

OPTIONS = BatchOptions(Path("out"), 4)
TASK = Task("c", "", "t", "p", None, settle(), Path("out/c"))


def test_the_bar_says_count_rate_cost_and_time_left() -> None:
    seconds = [0.0]
    tally = Tally(5, [ended("a")], clock=lambda: seconds[0])
    screen = console(terminal=True, width=120)
    with Bar(tally, OPTIONS, screen) as bar:
        assert so_far(tally) == "1 passed, cost 0.5000"
        bar.begin(TASK)
        bar.take(TASK, started(used={"verifier": {**no_usage(), "cost": 0.25}}))
        assert so_far(tally) == "1 passed, 1 under way, cost 0.7500"
        seconds[0] = 30.0
        bar.end(ended("b"))
        bar.end(ended("c", status="failed", folder=None, error="no\x1b[2Jway"))
        assert so_far(tally) == "2 passed, 4.0 a minute, cost 1.5000, 0:00:30 left"
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "3/5 2 passed, 4.0 a minute" in shown
    assert "c failed: no\\u001b[2Jway" in shown


@pytest.mark.parametrize(
    ("terminal", "quiet", "kind"), [(True, False, Bar), (False, False, Lines), (True, True, Board)]
)
def test_the_way_of_showing_follows_the_console(
    terminal: bool, quiet: bool, kind: type[Board]
) -> None:
    options = BatchOptions(Path("out"), 4, quiet=quiet)
    assert type(board(Tally(1), console(terminal=terminal), options)) is kind


def test_the_estimate_in_the_docs_is_ours() -> None:
    ledger = {"verifier": {**no_usage(), "cost": 0.0553}}
    done = [Done(Path("x"), {"criteria": [{}] * 4, "ledger": ledger})] * 12
    priced = {"mllm": "gpt-5-mini", "generator": "http:g", "prices": {"http": {"image": 0.03}}}
    tasks = [Task(str(k), "", "t", "p", None, settle(priced), Path("x")) for k in range(38)]
    words = estimate_in_words(estimate(tasks, done, 4))
    docs = Path(__file__).parents[3] / "docs" / "batch.md"
    assert f"```text\n{words}\n```" in docs.read_text()


def test_an_estimate_without_costs_says_so() -> None:
    free = Task("a", "", "t", "p", None, settle(), Path("x"))
    assert estimate_in_words(estimate([free], [], 1)).splitlines()[2] == "Cost 0."
