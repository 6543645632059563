"""One self-contained HTML page: tables, figures, galleries by dimension, gains and losses."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from gems_graph.benchmarks.rows import Row, picture
from gems_graph.benchmarks.tables import ABOUT, Table, shown
from gems_graph.report.html import render
from gems_graph.report.html.pictures import addresses

SIDE, MOST = 240, 6
"""Pixels of a thumbnail; pictures in a row of a gallery."""
Shot = tuple[str, str]
"""A picture's address, and words below it."""


def page(rows: Sequence[Row], tables: Sequence[Table], figures: Sequence[Path]) -> str:
    """Return the page."""
    drawn = [_figure(file) for file in figures if file.suffix == ".svg"]
    galleries = [*_galleries(rows), *_changes(rows)]
    return render.page(
        "benchmarks.html", "Benchmarks", scores=tables[:-ABOUT], about=tables[-ABOUT:],
        figures=drawn, galleries=galleries,
    )  # fmt: skip


def _figure(file: Path) -> tuple[str, str, str]:
    """Return the name of a figure, its theme and its address."""
    theme = "dark" if file.stem.endswith("-dark") else "light"
    data = base64.b64encode(file.read_bytes()).decode()
    # nothing to escape, and nothing to cut short, as texts of this length are
    return file.stem, theme, Markup(f"data:image/svg+xml;base64,{data}")


def _galleries(rows: Sequence[Row]) -> Iterator[tuple[str, list[Shot]]]:
    """Show the first prompts of each way side by side: the same prompts for all."""
    for task in dict.fromkeys(row.run["task"] for row in rows):
        for row in {r.label: r for r in rows if r.run["task"] == task}.values():
            step = max(1, len(row.run["prompts"]) // MOST)
            chosen = row.run["prompts"][::step][:MOST]
            yield f"{task}: {row.label}", [_shot(row, id_, "") for id_ in chosen]


def _changes(rows: Sequence[Row]) -> Iterator[tuple[str, list[Shot]]]:
    """Show where each way gained and lost most against the first one of its benchmark and route."""
    for key in dict.fromkeys((row.run["task"], row.route) for row in rows if row.report):
        mine = [r for r in rows if (r.run["task"], r.route) == key and r.report]
        plain = next((r for r in mine if r.label.endswith("original")), mine[0])
        for row in mine:
            if row is not plain:
                yield from _against(plain, row)


def _against(plain: Row, row: Row) -> Iterator[tuple[str, list[Shot]]]:
    before = plain.report["each"] if plain.report else {}
    after = row.report["each"] if row.report else {}
    both = [i for i in after if before.get(i) is not None and after[i] is not None]
    ranked = sorted(both, key=lambda id_: (before[id_] - after[id_], id_))
    worse = [i for i in reversed(ranked) if after[i] < before[i]][:MOST]
    better = [i for i in ranked if after[i] > before[i]][:MOST]
    for title, ids in (("best gains", better), ("worst losses", worse)):
        if ids:
            name = f"{row.run['task']}, {row.label} against {plain.label}: {title}"
            yield (
                name,
                [
                    _shot(each, id_, f"{each.label} {shown(scores[id_])}: ")
                    for id_ in ids
                    for each, scores in ((plain, before), (row, after))
                ],
            )


def _shot(row: Row, prompt: str, words: str) -> Shot:
    if (found := picture(row, prompt)) is None:
        return "", words + prompt
    file, text = found
    return addresses([file], SIDE)[0], words + text
