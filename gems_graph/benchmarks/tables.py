"""The paper's Tables 1, 2 and 4 to 11 with our rows beside the published ones, as plain lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gems_graph.benchmarks import paired, paper
from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.rows import Row
from gems_graph.evaluation.comparison.table import interval
from gems_graph.settings.presets import PRESETS

_FIGURES = {
    "Single": "single_object", "Two": "two_object", "Counting": "counting", "Colors": "colors",
    "AttrBinding": "color_attr", "Cultural": "culture",
}  # fmt: skip
"""Columns of the paper whose figures have other names here."""
ABOUT = 2  # tables at the end that tell of the runs, and not of scores
_EFFICIENCY = ("images", "calls", "tokens", "seconds", "cost")


class Table(NamedTuple):
    """A table.

    Attributes:
        title: with its number in the paper.
        head: names of the columns.
        rows: cells, ready to be shown.
        ours: how many rows at the end are ours.
    """

    title: str
    head: list[str]
    rows: list[list[str]]
    ours: int


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return every table that there are rows for, and one of what it took."""
    found = [_averages(name, rows) for name in (paper.MAINSTREAM, paper.DOWNSTREAM)]
    tasks = list(dict.fromkeys(row.run["task"] for row in rows))
    found += [_dimensions(task, [r for r in rows if r.run["task"] == task]) for task in tasks]
    found += [_differences(task, rows) for task in tasks]
    return [table for table in found if table and table.ours] + [efficiency(rows), sources(rows)]


def _averages(name: str, rows: Sequence[Row]) -> Table | None:
    """Put benchmarks side by side; each way and route has a row of its own."""
    columns = paper.tables()[name]["columns"]
    ours: dict[tuple[str, str], dict[str, float | None]] = {}
    for row in rows:
        column = open_task(row.run["task"]).column
        if column in columns and comparable(row):
            ours.setdefault((row.label, row.route), {})[column] = row.score
    for values in ours.values():
        values["Avg"] = paper.average(name, values)
    lines = [_line(way, route, [v.get(c) for c in columns]) for (way, route), v in ours.items()]
    return _table(name, f"Table {name[0]}", columns, lines)


def _dimensions(task: str, rows: Sequence[Row]) -> Table | None:
    """Put the dimensions of one benchmark side by side."""
    name, title = open_task(task).table, open_task(task).title
    judged = [row for row in rows if row.report]
    columns = paper.tables()[name]["columns"] if name else _columns(judged)
    lines = [
        _line(_label(row), row.route, [_figure(row, column) for column in columns])
        for row in judged
    ]
    return _table(name, f"Table {name.split('_')[0]}: {title}" if name else title, columns, lines)


def _differences(task: str, rows: Sequence[Row]) -> Table:
    """Put beside each other what GEMS, or the first way, has over the others."""
    lines, digits = [], 4 if open_task(task).scale == 100 else 2
    mine = [row for row in rows if row.run["task"] == task and row.report]
    for route in dict.fromkeys(row.route for row in mine):
        for first, row, values in paired.differences([r for r in mine if r.route == route]):
            mean = sum(values) / len(values)
            low, high = interval(values) or (mean, mean)
            cells = [f"{first.label} minus {row.label}", route, str(len(values))]
            lines.append([*cells, *(f"{value:+.{digits}f}" for value in (mean, low, high))])
    title = f"{open_task(task).title}: differences of prompts' scores, paired"
    return Table(title, ["", "route", "prompts", "mean", "95 % from", "to"], lines, len(lines))


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(n for row in rows if row.report for n in row.report["figures"]))


def _label(row: Row) -> str:
    """Name a row; one that may not be compared says on how many prompts it rests."""
    found = row.report["prompts"] if row.report else 0
    return row.label if comparable(row) else f"{row.label} ({found} of {row.run['of']})"


def comparable(row: Row) -> bool:
    """Tell whether a row may stand beside published ones: whole, and of all prompts."""
    return bool(row.report and row.report["complete"] and row.run["of"] == len(row.run["prompts"]))


def _figure(row: Row, column: str) -> float | None:
    if not row.report:
        return None
    if column == "Overall":
        return row.score
    figures: Mapping[str, float | None] = row.report["figures"]
    return figures.get(_FIGURES.get(column, column), figures.get(column.lower()))


def _table(name: str, title: str, columns: Sequence[str], ours: list[list[str]]) -> Table:
    published = paper.tables()[name]["rows"] if name else []
    lines = [
        _line(" on ".join(filter(None, (row["method"], row["base"]))), "paper", row["values"])
        for row in published
    ]
    return Table(title, ["", "route", *columns], lines + ours, len(ours))


def _line(label: str, route: str, values: Sequence[float | None]) -> list[str]:
    return [label, route, *("-" if value is None else shown(value) for value in values)]


def shown(value: float) -> str:
    """Show three decimals of what is at most 2, two of anything else."""
    return f"{value:.3f}" if abs(value) <= 2 else f"{value:.2f}"


def efficiency(rows: Sequence[Row]) -> Table:
    """Return what a picture took by way, on average."""
    lines = []
    for row in _by_way(rows):
        taken, n = row.taken, max(row.taken.drawn, 1)
        values = (taken.images, taken.calls, taken.tokens, taken.seconds, taken.cost)
        cells = ["unknown" if value is None else f"{value / n:.4g}" for value in values]
        lines.append([row.run["task"], row.label, str(taken.drawn), str(taken.failed), *cells])
    head = ["task", "way", "drawn", "failed", *(f"{name} each" for name in _EFFICIENCY)]
    return Table("What a picture took", head, lines, len(lines))


def sources(rows: Sequence[Row]) -> Table:
    """Return what every row rests on."""
    head = ["task", "way", "route", "judge", "n", "of", "failed", "seeds", "models", "settings",
            "commit", "cost"]  # fmt: skip
    return Table("What the rows rest on", head, [list(_source(row)) for row in rows], len(rows))


def _source(row: Row) -> Iterator[str]:
    report, run = row.report or {}, row.run
    yield from (run["task"], row.label, row.route, str(report.get("judge", "-")))
    yield from (str(report.get("prompts", 0)), str(run["of"]))
    yield str(len(report.get("failed", ())) + len(report.get("missing", ())) + row.taken.failed)
    yield " ".join(str(seeds[0]) for seeds in run["seeds"])
    yield ", ".join(dict.fromkeys(row.taken.models.values())) or "-"
    yield (
        ", ".join(f"{name}={value}" for name, value in sorted(_set(run["settings"]).items())) or "-"
    )
    yield run["commit"]
    yield "unknown" if row.taken.cost is None else f"{row.taken.cost:.4f}"


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was set, without what a preset sets by itself."""
    by_itself = PRESETS.get(settings.get("preset", ""), {})
    return {
        n: value for n, value in settings.items() if n not in by_itself or value != by_itself[n]
    }


def _by_way(rows: Sequence[Row]) -> list[Row]:
    return list({(row.run["task"], row.label): row for row in rows}.values())


def markdown(table: Table) -> str:
    """Return a table in Markdown."""
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    text = "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in each)} |" for each in lines)
    return f"## {table.title}\n\n{text}\n"
