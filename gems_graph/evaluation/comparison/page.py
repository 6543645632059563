"""The page of a comparison: table, figure, and the pictures of each prompt side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gems_graph.evaluation.comparison.rows import Row
from gems_graph.prompting.wording import counted
from gems_graph.report.html import render
from gems_graph.report.html.pictures import THUMB, addresses

HEADS = ("right", "criteria", "images", "calls", "tokens", "seconds", "cost", "failed")
"""Columns of a strategy's line."""
MOST = 200
"""Prompts whose pictures are shown; the tables are of all."""


def page(report: Mapping[str, Any], figure: str, base: Path) -> str:
    """Return the page; it holds its pictures, and needs nothing beside it.

    Args:
        report: of the comparison.
        figure: as SVG.
        base: folder of the comparison, which holds those of the runs.
    """
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in report["rows"]:
        groups.setdefault((row["prompt"], row["seed"]), []).append(row)
    shown, strategies = [*groups.items()][:MOST], report["table"]["strategies"]
    more = len(groups) - len(shown)
    title = f"{len(strategies)} strategies on {counted(report['prompts'], 'prompt')}"
    heads = columns(strategies.values())
    return render.page(
        "comparison.html", title, about=about(report), heads=["strategy", *heads],
        differences=_differences(report["table"]),
        lines=[(name, *(cells(line)[h] for h in heads)) for name, line in strategies.items()],
        figure=Markup(figure), groups=shown, sources=_sources(shown, base),
        left_out=f"The pictures of {more:,} more are left out." if more else "",
    )  # fmt: skip


def about(report: Mapping[str, Any]) -> str:
    """Say in a few sentences what was compared, and what the judge took."""
    budget = ", ".join(f"{name} {amount:g}" for name, amount in report["budget"].items()) or "none"
    judge = report["judge"]
    same = "" if judge["independent"] else ", which also plays in the runs: name another with "
    same = f"{same}--role judge=MODEL" if same else ""
    return (
        f"Budget of a run: {budget}. Seeds of a prompt: {report['seeds']}, the same for all. Right "
        f"is a picture of which every criterion holds, as the judge says ({judge['model']}{same}), "
        f"who took {judge['used']['calls']} calls, counted apart. Means a run; in brackets 95 % "
        "intervals by bootstrap over prompts."
    )


def cells(line: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of a strategy as they are shown."""
    cost = "unknown" if line["cost"] is None else f"{line['cost']:.4f}"
    numbers = (_number(line[name]) for name in ("images", "calls", "tokens", "seconds"))
    failed, right = str(line["failed"]), share(line["right"], line["right_95"])
    return dict(zip(HEADS, (right, share(line["criteria"], None), *numbers, cost, failed),
                    strict=True))  # fmt: skip


def columns(lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return which columns say anything."""
    shown = [cells(line) for line in lines]
    silent = {"tokens": "0", "cost": "0.0000", "failed": "0"}
    return [head for head in HEADS if any(each[head] != silent.get(head) for each in shown)]


def share(mean: float | None, bounds: Sequence[float] | None, *, signed: bool = False) -> str:
    """Return a share with its interval, as it is shown."""
    if mean is None:
        return "not judged"
    form = "+.2f" if signed else ".2f"
    return f"{mean:{form}}" + (f" [{bounds[0]:{form}}, {bounds[1]:{form}}]" if bounds else "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _differences(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    first = next(iter(table["strategies"]), "")
    return [
        (f"{first} minus {other}", share(each["mean"], each["mean_95"], signed=True))
        for other, each in table["differences"].items()
    ]


def _sources(groups: Iterable[tuple[Any, Sequence[Row]]], base: Path) -> dict[str | None, str]:
    """Return the address of each run's picture by its folder."""
    folders = [row["folder"] for _, rows in groups for row in rows if row["folder"]]
    files = [base / folder / "image.png" for folder in folders]
    return {None: "", **dict(zip(folders, addresses(files, THUMB), strict=True))}
