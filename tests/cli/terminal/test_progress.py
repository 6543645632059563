"""The live table, on a terminal that is a string."""

from __future__ import annotations

import io

from rich.console import Console

from gems_graph.cli.terminal.progress import Lines, LiveTable, Silent, progress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)


def test_the_table_grows_by_a_column_a_round_and_ends_without_the_spinner() -> None:
    screen = console(terminal=True)
    verdicts = [{"answer": "yes"}, {"answer": "no"}, {"answer": "unsure"}]
    state = {
        "criteria": [{"question": q} for q in ("Is [bold]A[/] there?", "Is B?", "猫?")],
        "rounds": [{"n": 1, "verdicts": verdicts}, {"n": 2, "verdicts": [{"answer": "yes"}] * 3}],
        "attempt": {"n": 2},
    }
    with LiveTable(screen) as table:
        table.doing("generator")
        table.update(state)
        table.doing("verifier")
    assert isinstance(screen.file, io.StringIO)
    final = screen.file.getvalue().rpartition("criterion")[2]
    assert "Is [bold]A[/] there?" in final  # a model's text is never markup
    assert [line.split()[-2:] for line in final.splitlines()[1:5]] == [
        ["✓", "✓"], ["✗", "✓"], ["?", "✓"], ["1/3", "3/3"],
    ]  # fmt: skip
    assert "looking" not in final


def test_the_way_of_showing_follows_the_console() -> None:
    assert isinstance(progress(console(terminal=True), quiet=False), LiveTable)
    assert type(progress(console(terminal=False), quiet=False)) is Lines
    assert type(progress(console(terminal=True), quiet=True)) is Silent
