"""The page of a comparison: table, figure, and the pictures of each prompt side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from gems_graph.comparison.rows import Row
from gems_graph.prompting.wording import counted

HEADS = ("right", "criteria", "images", "calls", "tokens", "seconds", "cost", "failed")
"""Columns of a strategy's line."""
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  color-scheme: light dark }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .25rem .7rem; text-align: right;
  border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
td:first-child, th:first-child { text-align: left } svg { max-width: 40rem; display: block }
.row { display: flex; flex-wrap: wrap; gap: .8rem; padding-bottom: .6rem }
figure { margin: 0; width: 11rem; flex: none } img { width: 11rem; border-radius: .3rem }
.none { height: 11rem; border: 1px dashed; border-radius: .3rem; display: grid;
  place-items: center }
figcaption { font-size: .8rem } .yes { font-weight: 600 } li { margin-left: -1.4rem }
"""


def page(report: Mapping[str, Any], figure: str) -> str:
    """Return the page; its pictures lie beside it, in the folders of the runs."""
    rows: Sequence[Row] = report["rows"]
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["prompt"], row["seed"]), []).append(row)
    shown = "".join(_group(prompt, seed, each) for (prompt, seed), each in groups.items())
    title = f"{len(report['table']['strategies'])} strategies on {report['prompts']} prompts"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f"<p>{escape(about(report))}</p>{_table(report['table'])}{figure}"
        f"{_differences(report)}{shown}</html>\n"
    )


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


def _table(table: Mapping[str, Any]) -> str:
    shown = columns(table["strategies"].values())
    heads = "".join(f"<th>{head}</th>" for head in ("strategy", *shown))
    lines = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{cells(line)[h]}</td>' for h in shown)}</tr>"
        for name, line in table["strategies"].items()
    )
    return f"<table><tr>{heads}</tr>{lines}</table>"


def _differences(report: Mapping[str, Any]) -> str:
    first = next(iter(report["table"]["strategies"]), "")
    lines = "".join(
        f"<tr><td>{escape(first)} minus {escape(other)}</td>"
        f"<td>{share(d['mean'], d['mean_95'], signed=True)}</td></tr>"
        for other, d in report["table"]["differences"].items()
    )
    return f"<h2>Paired differences in the share right</h2><table>{lines}</table>" if lines else ""


def _group(prompt: str, seed: int, rows: Sequence[Row]) -> str:
    figures = "".join(map(_figure, rows))
    return f'<h3>{escape(prompt)} <small>seed {seed}</small></h3><div class="row">{figures}</div>'


def _figure(row: Row) -> str:
    name, error = escape(row["strategy"]), escape(row["error"] or "no picture", quote=True)
    image = f'<div class="none" title="{error}">no picture</div>'
    if row["folder"]:
        source = escape(f"{row['folder']}/image.png", quote=True)
        image = f'<a href="{source}"><img loading="lazy" src="{source}" alt="by {name}"></a>'
    verdict = {True: '<span class="yes">right</span>', False: "not right", None: "not judged"}
    score = f", {row['passed']} of {row['total']}" if row["total"] else ""
    failing = "".join(f"<li>{escape(each)}</li>" for each in row["failing"])
    took = ", ".join(
        [counted(row["images"], "image"), counted(row["calls"], "call"), f"{row['seconds']:.1f} s"]
    )
    return (
        f"<figure>{image}<figcaption><b>{name}</b>: {verdict[row['right']]}{score}<br>{took}"
        f"{f'<ul>{failing}</ul>' if failing else ''}</figcaption></figure>"
    )
