"""`gems eval score` and `data` on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from gems_graph.benchmarks import paper, presence, scoring
from gems_graph.benchmarks.answers import Ids, read
from gems_graph.benchmarks.listing import names, open_task
from gems_graph.cli.terminal.exit_codes import BEST_EFFORT, FAILED, PASSED
from gems_graph.errors import UsageError
from gems_graph.paths import home
from gems_graph.prompting.sanitize import printable


def data_folder(given: Path | None) -> Path:
    """Return the folder of the data: as given, or under `home`."""
    return given or home() / "benchmarks"


def score(
    name: str, folder: Path | None, file: Path, ids: str | None, out: Path | None, *, as_json: bool
) -> int:
    """Score a file of answers, print the report, and return the exit code.

    Raises:
        UsageError: the data or the answers are not right.
    """
    task = open_task(name)
    prompts = task.expected(data_folder(folder))
    report = scoring.score(task, prompts, read(file, prompts, _way(ids)))
    print_report(report, out, as_json=as_json)
    return PASSED if report["complete"] else BEST_EFFORT if report["prompts"] else FAILED


def _way(ids: str | None) -> Ids | None:
    if ids is None or ids in ("own", "line"):
        return ids  # type: ignore[return-value]
    msg = f"--ids is `own` or `line`, not {ids!r}."
    raise UsageError(msg)


def print_report(report: Mapping[str, Any], out: Path | None, *, as_json: bool) -> None:
    """Print a report as JSON or in words, and write it if a file is named.

    Raises:
        UsageError: the file cannot be written.
    """
    text = json.dumps(report, ensure_ascii=False, indent=1)
    if out:
        write(out, text + "\n")
    if as_json:
        print(printable(text))  # noqa: T201
        return
    _print_figures(report, Console(highlight=False, emoji=False))


def write(file: Path, text: str) -> None:
    """Write a file of the user's.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"Cannot write {file} ({error.strerror}); name another."
        raise UsageError(msg) from error


def _print_figures(report: Mapping[str, Any], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column(report["title"])
    table.add_column(report["route"], justify="right")
    for name, value in report["figures"].items():
        table.add_row(name, "-" if value is None else f"{value:.4f}")
    console.print(table)
    for line in in_words(report):
        console.print(printable(line), markup=False, soft_wrap=True)


def in_words(report: Mapping[str, Any]) -> list[str]:
    """Say what the score rests on, and what stands beside it in the paper."""
    words = [f"{report['prompts']} of {report['of']} prompts, samples a prompt: "
             f"{report['samples']} (official: {report['official_samples']})."]  # fmt: skip
    if report["interval"]:
        low, high = report["interval"]
        words.append(f"{report['metric']} 95 % by bootstrap over prompts: {low:.4f} to {high:.4f}.")
    if report["missing"] or report["failed"]:
        words.append(
            f"Incomplete: {len(report['missing'])} prompts lack answers, {len(report['failed'])} "
            "answers failed (--json lists them). Do not compare this with published figures."
        )
    elif report["route"] != "proxy" and (rows := paper.published(report["task"])):
        words.append("Paper: " + ", ".join(f"{name} {value:g}" for name, value in rows) + ".")
    return words


def data(name: str | None, folder: Path | None, *, fetch: bool, yes: bool, as_json: bool) -> int:
    """Tell of data, fetch some if that is asked for, and return the exit code.

    Raises:
        UsageError: it cannot be fetched.
    """
    tasks = [open_task(each) for each in ([name] if name else names())]
    place = data_folder(folder)
    if fetch:
        if len(tasks) != 1:
            msg = "Name the benchmark whose data is to be fetched: gems eval data TASK --fetch."
            raise UsageError(msg)
        asked = f"{tasks[0].title}, licence {tasks[0].home.licence}: fetch it into {place}?"
        if not yes and not typer.confirm(asked, err=True):
            return FAILED
        presence.fetch(tasks[0], place)
    found = [presence.presence(task, place) for task in tasks]
    if as_json:
        print(printable(json.dumps(found, ensure_ascii=False, indent=1)))  # noqa: T201
    else:
        _print_presence(found, place)
    return PASSED if all(each["prompts"] for each in found) else BEST_EFFORT


def _print_presence(found: list[presence.Presence], place: Path) -> None:
    console = Console(highlight=False, emoji=False)
    console.print(f"In {place}:", markup=False, soft_wrap=True)
    table = Table("task", "prompts", "missing", "licence", "home", box=None, pad_edge=False,
                  header_style="")  # fmt: skip
    for each in found:
        lacks = each["problem"] or ", ".join(each["missing"]) or "-"
        count = "-" if each["prompts"] is None else str(each["prompts"])
        table.add_row(each["task"], count, lacks, each["licence"], each["home"])
    console.print(table)
