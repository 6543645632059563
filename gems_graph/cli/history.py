"""`gems history`: a line for each trajectory that is kept."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.calls.ledger import in_money
from gems_graph.cli.loading import loading
from gems_graph.cli.options import STATE, states_in
from gems_graph.prompting.sanitize import printable

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from rich.console import Console

    from gems_graph.persistence.history import Line

_COLUMNS = ("thread", "when", "prompt", "rounds", "verdict", "cost", "state")
_NARROW = ("thread", "when", "prompt", "score", "state")
_ROOMY = 120  # columns of a terminal that has room for everything


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

    A table on a terminal, with fewer columns on a narrow one; elsewhere a line each, fields parted
    by tabs, nothing cut. Of a thread used again the latest trajectory is listed.
    """
    lines = asyncio.run(_lines(None if everything else limit, states_in(state or []), grep))
    if as_json:
        print(printable(json.dumps(lines, ensure_ascii=False)))  # noqa: T201
        return
    from rich.console import Console

    print_lines(lines, Console(highlight=False))
    if not lines:
        typer.echo("There is no such trajectory.", err=True)
    if any(line["open"] for line in lines):
        typer.echo("Go on with one that did not end well, or waits: gems resume THREAD", err=True)


async def _lines(limit: int | None, states: set[str], grep: str) -> list[Line]:
    with loading():
        from gems_graph.persistence.history import history as lines
        from gems_graph.persistence.history import is_among
        from gems_graph.persistence.threads import open_threads

    chosen: list[Line] = []
    async with open_threads() as threads:
        async for line in lines(threads):
            text = f"{line['prompt']}\n{line['thread']}".casefold()
            if is_among(line, states) and grep.casefold() in text:
                chosen.append(line)
            if len(chosen) == limit:
                break
    return chosen


def print_lines(lines: list[Line], console: Console) -> None:
    """Print a table cut to the terminal, or lines with nothing cut for other programs."""
    if not console.is_terminal:
        for line in lines:
            console.file.write("\t".join(_fields(line, line["when"] or "")) + "\n")
        return
    from rich.table import Table
    from rich.text import Text

    roomy = console.width >= _ROOMY
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
    for name in _COLUMNS if roomy else _NARROW:
        prompt, thread = name == "prompt", name == "thread"
        table.add_column(
            name,
            no_wrap=not thread,
            overflow="ellipsis" if prompt else "fold",
            ratio=1 if prompt else None,
            max_width=console.width // 4 if thread else None,
        )
    for line in lines:
        table.add_row(*map(Text, _fields(line, _when(line)) if roomy else _few_fields(line)))
    console.print(table)


def _when(line: Line, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return when a trajectory was worked on last, by the clock here."""
    return datetime.fromisoformat(line["when"]).astimezone().strftime(form) if line["when"] else ""


def _few_fields(line: Line) -> list[str]:
    """Return what fits on a terminal of 80 columns beside a prompt that can be recognised."""
    score = "-" if line["total"] is None else f"{line['passed']}/{line['total']}"
    fields = [line["thread"], _when(line, "%m-%d %H:%M"), line["prompt"], score, line["state"]]
    return [printable(" ".join(field.split())) for field in fields]


def _fields(line: Line, when: str) -> list[str]:
    cost = in_money(line["cost"]).removeprefix("cost ")
    rounds, verdict, state = str(line["rounds"]), line["verdict"], line["state"]
    fields = [line["thread"], when, line["prompt"], rounds, verdict, cost, state]
    return [printable(" ".join(field.split())) for field in fields]
