"""Shares, intervals and paired differences of a comparison, its figure and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gems_graph.evaluation.comparison.figure import figure
from gems_graph.evaluation.comparison.page import page
from gems_graph.evaluation.comparison.rows import Row
from gems_graph.evaluation.comparison.table import interval, table


def row(prompt: str, strategy: str, right: bool | None, **more: Any) -> Row:
    base: Any = {
        "id": f"{prompt}-{strategy}", "prompt": prompt, "strategy": strategy, "seed": 1,
        "status": "passed", "right": right, "passed": int(bool(right)), "total": 1, "failing": [],
        "images": 1, "calls": 2, "tokens": 3, "seconds": 0.5, "cost": 0.1, "folder": "f",
        "error": None,
    }  # fmt: skip
    return {**base, **more}


def test_seeds_are_averaged_before_prompts_and_differences_are_paired() -> None:
    rows = [
        *(row("a", "x", right) for right in (True, True, True)), row("b", "x", False),
        *(row("a", "y", right) for right in (True, False)), row("b", "y", False),
        row("c", "y", True),
    ]  # fmt: skip
    report = table(rows, ["x", "y"])
    assert report["strategies"]["x"]["right"] == 0.5  # not 3 of 4
    assert report["strategies"]["y"]["right"] == 0.5
    assert report["differences"]["y"] == {"prompts": 2, "mean": 0.25, "mean_95": (0.0, 0.5)}


def test_what_was_not_judged_is_left_out_and_what_drew_nothing_is_wrong() -> None:
    rows = [row("a", "x", None, total=0), row("b", "x", True), row("c", "x", False, folder=None)]
    line = table(rows, ["x"])["strategies"]["x"]
    assert (line["right"], line["not_judged"], line["failed"]) == (0.5, 1, 1)
    assert table([row("a", "x", True, cost=None)], ["x"])["strategies"]["x"]["cost"] is None


def test_an_interval_is_the_same_each_time_and_none_for_one_prompt() -> None:
    assert interval([1.0]) is None
    assert interval([0.0, 1.0] * 20) == interval([0.0, 1.0] * 20)
    low, high = interval([0.0, 1.0] * 20) or (0, 0)
    assert 0.3 < low < 0.4 < 0.6 < high < 0.7


def test_the_figure_and_the_page_escape_what_they_show() -> None:
    lines = table([row("a", "<b>", True)], ["<b>"])
    drawing = figure(lines["strategies"])
    assert drawing == figure(lines["strategies"])
    assert "<b>" not in drawing
    report = {
        "prompts": 1, "seeds": 1, "budget": {}, "table": lines,
        "judge": {"model": "m", "independent": True, "used": {"calls": 0}},
        "rows": [row("<i>", "<b>", False, failing=["Is it <u>?"], folder=None, error="<s>")],
    }  # fmt: skip
    html = page(report, drawing, Path())
    assert not any(tag in html for tag in ("<i>", "<u>", "<s>"))
