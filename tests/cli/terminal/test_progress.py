"""The live table and the lines, on a terminal that is a string, fed by events alone."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from gems_graph.cli.terminal.progress import Lines, LiveTable, Silent, progress
from tests.conftest import console, started


def shown(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def criteria(*questions: str) -> Any:
    listed = [{"question": question, "source": "user"} for question in questions]
    return {"type": "criteria", "criteria": listed}


def verdict(n: int, letters: str) -> Any:
    words = {"y": "yes", "n": "no", "u": "unsure"}
    verdicts = [{"answer": words[letter], "p_yes": None, "evidence": ""} for letter in letters]
    return {"type": "verdict", "round": n, "verdicts": verdicts}


def node(name: str, doing: str, n: int) -> Any:
    return {"type": "node_started", "node": name, "doing": doing, "round": n}


def test_the_table_grows_by_a_column_a_round_and_ends_without_the_spinner() -> None:
    screen = console(terminal=True)
    with LiveTable(screen) as table:
        table.take(started())
        table.take(criteria("Is [bold]A[/] there?", "Is B?", "猫?"))
        table.take(verdict(1, "ynu"))
        table.take(verdict(2, "yyy"))
        table.take(node("verifier", "looking", 2))
    final = shown(screen).rpartition("criterion")[2]
    assert "Is [bold]A[/] there?" in final  # a model's text is never markup
    assert [line.split()[-2:] for line in final.splitlines()[1:5]] == [
        ["✓", "✓"], ["✗", "✓"], ["?", "✓"], ["1/3", "3/3"],
    ]  # fmt: skip
    assert "looking" not in final


def test_the_spinner_says_what_is_being_done_and_how_far() -> None:
    screen = console(terminal=True)
    with LiveTable(screen) as table:
        table.take(node("generator", "drawing", 2))
        table.take({"type": "progress", "what": "step", "round": 2, "done": 3, "of": 8})
        table._live.refresh()
    assert "round 2: drawing, step 3 of 8" in shown(screen)


def test_a_line_is_printed_for_each_round_once_and_for_added_criteria() -> None:
    screen = console(terminal=False)
    lines = Lines(screen)
    lines.take(started())
    lines.take(criteria("Is A?"))
    lines.take(criteria("Is A?", "Is B?"))
    lines.take(verdict(1, "yn"))
    lines.take(node("refiner", "refining", 1))
    lines.take(verdict(1, "yn"))
    assert shown(screen).splitlines() == [
        "1 criterion", "2 criteria with those of its skills", "round 1: 1 of 2", "  not yet: Is B?",
    ]  # fmt: skip


def test_what_a_resumed_run_has_is_shown_first() -> None:
    screen = console(terminal=False)
    rounds = [{"n": 1, "verdicts": verdict(1, "n")["verdicts"]}]
    Lines(screen).take(started(criteria=criteria("Is A?")["criteria"], rounds=rounds))
    assert shown(screen).splitlines() == ["1 criterion", "round 1: 0 of 1", "  not yet: Is A?"]


def test_events_of_other_graphs_are_ignored() -> None:
    screen = console(terminal=False)
    foreign: Any = [{"type": "custom", "data": 1}, {"type": "theirs", "round": 1}]
    for event in foreign:
        Lines(screen).take(event)
    assert shown(screen) == ""


def test_the_way_of_showing_follows_the_console() -> None:
    assert isinstance(progress(console(terminal=True), quiet=False), LiveTable)
    assert type(progress(console(terminal=False), quiet=False)) is Lines
    assert type(progress(console(terminal=True), quiet=True)) is Silent
