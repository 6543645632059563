"""One self-contained HTML page: tables, figures, galleries by dimension, gains and losses."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from gems_graph.benchmarks.rows import Row, picture
from gems_graph.benchmarks.tables import ABOUT, Table, shown

SIDE, MOST = 160, 6
"""Pixels of a thumbnail; pictures in a row of a gallery."""
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --paper: #fff; --line: #d9dce3 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --paper: #15181f; --line: #3a4050;
  --light: none; --dark: block } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: 13px }
td, th { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: left }
td:first-child { white-space: nowrap } tr.ours { font-weight: 600 }
img { max-width: 100% } .drawn img { display: block; margin: 1.5rem 0 }
.drawn img.light { display: var(--light, block) } .drawn img.dark { display: var(--dark, none) }
.row { display: flex; flex-wrap: wrap; gap: .8rem } figure { margin: 0; width: 160px }
figcaption { font-size: 12px; overflow-wrap: anywhere }
"""


def page(rows: Sequence[Row], tables: Sequence[Table], figures: Sequence[Path]) -> str:
    """Return the page."""
    scores, about = tables[:-ABOUT], tables[-ABOUT:]
    drawn = "".join(_figure(file) for file in figures if file.suffix == ".svg")
    parts = [*map(_table, scores), f'<div class="drawn">{drawn}</div>']
    parts += [*map(_table, about), *_galleries(rows), *_changes(rows)]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Benchmarks</title>'
        f"<style>{_STYLE}</style><h1>Benchmarks</h1>{''.join(parts)}</html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.head)
    first = len(table.rows) - table.ours
    lines = "".join(
        f"<tr{' class=ours' * (0 < first <= k)}>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        + "</tr>"
        for k, row in enumerate(table.rows)
    )
    title = html.escape(table.title)
    return f'<h2>{title}</h2><div class="wide"><table><tr>{head}</tr>{lines}</table></div>'


def _figure(file: Path) -> str:
    theme = "dark" if file.stem.endswith("-dark") else "light"
    data = base64.b64encode(file.read_bytes()).decode()
    return f'<img class="{theme}" alt="{file.stem}" src="data:image/svg+xml;base64,{data}">'


def _galleries(rows: Sequence[Row]) -> Iterator[str]:
    """Show the first prompts of each way side by side: the same prompts for all."""
    for task in dict.fromkeys(row.run["task"] for row in rows):
        for row in {r.label: r for r in rows if r.run["task"] == task}.values():
            step = max(1, len(row.run["prompts"]) // MOST)
            chosen = row.run["prompts"][::step][:MOST]
            shots = "".join(_shot(row, id_, "") for id_ in chosen)
            yield f'<h2>{html.escape(f"{task}: {row.label}")}</h2><div class="row">{shots}</div>'


def _changes(rows: Sequence[Row]) -> Iterator[str]:
    """Show where each way gained and lost most against the first one of its benchmark and route."""
    for key in dict.fromkeys((row.run["task"], row.route) for row in rows if row.report):
        mine = [r for r in rows if (r.run["task"], r.route) == key and r.report]
        plain = next((r for r in mine if r.label.endswith("original")), mine[0])
        for row in mine:
            if row is not plain:
                yield from _against(plain, row)


def _against(plain: Row, row: Row) -> Iterator[str]:
    before = plain.report["each"] if plain.report else {}
    after = row.report["each"] if row.report else {}
    both = [i for i in after if before.get(i) is not None and after[i] is not None]
    ranked = sorted(both, key=lambda id_: (before[id_] - after[id_], id_))
    worse = [i for i in reversed(ranked) if after[i] < before[i]][:MOST]
    better = [i for i in ranked if after[i] > before[i]][:MOST]
    for title, ids in (("best gains", better), ("worst losses", worse)):
        if ids:
            name = f"{row.run['task']}, {row.label} against {plain.label}: {title}"
            shots = "".join(
                _shot(each, id_, f"{each.label} {shown(scores[id_])}: ")
                for id_ in ids
                for each, scores in ((plain, before), (row, after))
            )
            yield f'<h2>{html.escape(name)}</h2><div class="row">{shots}</div>'


def _shot(row: Row, prompt: str, words: str) -> str:
    if (found := picture(row, prompt)) is None:
        return f"<figure>no picture<figcaption>{html.escape(words + prompt)}</figcaption></figure>"
    file, text = found
    out = io.BytesIO()
    with Image.open(file) as image:
        small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    small.save(out, "WEBP", quality=80)
    data = base64.b64encode(out.getvalue()).decode()
    source = f"data:image/webp;base64,{data}"
    return (
        f'<figure><img alt="" src="{source}">'
        f"<figcaption>{html.escape(words + _short(text))}</figcaption></figure>"
    )


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
