"""`gems history` and `gems show`: what is kept."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.cli.options import JSON, STATE, named, states_in
from gems_graph.prompting.sanitize import printable

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from rich.console import Console

    from gems_graph.persistence.history import Line
    from gems_graph.persistence.show import Shown

_COLUMNS = ("thread", "when", "prompt", "rounds", "verdict", "cost", "state")


def history(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Lines at most.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="All lines.")] = False,
    state: Annotated[list[str] | None, STATE] = None,
    grep: Annotated[
        str, typer.Option("--grep", metavar="TEXT", help="Only with this in prompt or name.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List trajectories, the one worked on last first: prompt, rounds, verdict, cost, state.

    A table on a terminal; elsewhere a line each, fields parted by tabs, nothing cut. Of a thread
    used again the latest trajectory is listed.
    """
    lines = asyncio.run(_lines(None if everything else limit, states_in(state or []), grep))
    if as_json:
        print(printable(json.dumps(lines, ensure_ascii=False)))  # noqa: T201
        return
    from rich.console import Console

    tell(lines, Console(highlight=False))
    if not lines:
        typer.echo("There is no such trajectory.", err=True)
    if any(line["open"] for line in lines):
        typer.echo("Go on with one that did not end well, or waits: gems resume THREAD", err=True)


async def _lines(limit: int | None, states: set[str], grep: str) -> list[Line]:
    from gems_graph.persistence.history import history as lines
    from gems_graph.persistence.history import is_among
    from gems_graph.persistence.threads import open_threads

    found: list[Line] = []
    async with open_threads() as threads:
        async for line in lines(threads):
            text = f"{line['prompt']}\n{line['thread']}".casefold()
            if is_among(line, states) and grep.casefold() in text:
                found.append(line)
            if len(found) == limit:
                break
    return found


def tell(lines: list[Line], console: Console) -> None:
    """Print a table cut to the terminal, or lines with nothing cut for other programs."""
    if not console.is_terminal:
        for line in lines:
            console.file.write("\t".join(_fields(line, line["when"] or "")) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=name != "thread", ratio=1 if name == "prompt" else None)
    for line in lines:
        when = datetime.fromisoformat(line["when"]).astimezone() if line["when"] else None
        table.add_row(*map(Text, _fields(line, f"{when:%Y-%m-%d %H:%M}" if when else "")))
    console.print(table)


def _fields(line: Line, when: str) -> list[str]:
    cost = "unknown" if line["cost"] is None else f"{line['cost']:.4f}"
    rounds, verdict, state = str(line["rounds"]), line["verdict"], line["state"]
    fields = [line["thread"], when, line["prompt"], rounds, verdict, cost, state]
    return [printable(" ".join(field.split())) for field in fields]


def show(
    thread: Annotated[
        str | None, typer.Argument(help="The trajectory; default the one worked on last.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write its folder again: pictures, strip, record.")
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show a trajectory: criteria by rounds, prompts, what failed and why, cost, pictures.

    An unfinished one as far as it went.
    """
    shown = asyncio.run(_look_up(named(thread) if thread else None))
    if out:
        print(shown.write(out))  # noqa: T201
    elif as_json:
        print(printable(json.dumps(shown.record(), ensure_ascii=False)))  # noqa: T201
    else:
        _print(shown)


async def _look_up(thread: str | None) -> Shown:
    from gems_graph.persistence.show import look_up
    from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        return await look_up(threads, thread)


def _print(shown: Shown) -> None:
    from rich.console import Console

    from gems_graph.report.page import page

    console, parent = Console(highlight=False), shown.parent
    facts = {
        "thread": shown.thread,
        "state": shown.standing,
        "last": shown.when,
        "forked from": f"{parent['thread']}, round {parent['round']}" if parent else "",
    }
    for part in page(shown.state, shown.store, facts):
        if isinstance(part, str):
            print(printable(part))  # noqa: T201
        else:
            console.print(part)


COMMANDS = (history, show)
