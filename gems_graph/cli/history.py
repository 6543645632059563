"""`gems history`: a line for each trajectory that is kept."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.calls.ledger import in_money
from gems_graph.cli.loading import loading
from gems_graph.cli.options import STATE, folder_of, states_in
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from rich.console import Console

    from gems_graph.images import Store
    from gems_graph.persistence.history import Line

    Listed = tuple[Line, str]


def history(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Lines at most.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="All lines.")] = False,
    state: Annotated[list[str] | None, STATE] = None,
    grep: Annotated[
        str, typer.Option("--grep", metavar="TEXT", help="Only with this in prompt or name.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List trajectories, the one worked on last first: prompt, picture, state, verdict, cost.

    On a terminal a few lines each, the picture as a file one can open; elsewhere a line each,
    fields parted by tabs, nothing cut. Of a thread used again the latest trajectory is listed.
    """
    listed = asyncio.run(_lines(None if everything else limit, states_in(state or []), grep))
    lines = [line for line, _ in listed]
    if as_json:
        whole = [{**line, "picture": picture} for line, picture in listed]
        print(printable(json.dumps(whole, ensure_ascii=False)))  # noqa: T201
        return
    from rich.console import Console

    print_lines(listed, Console(highlight=False))
    if not lines:
        typer.echo("There is no such trajectory.", err=True)
    if any(line["open"] for line in lines):
        typer.echo("Go on with one that did not end well, or waits: gems resume THREAD", err=True)


async def _lines(limit: int | None, states: set[str], grep: str) -> list[Listed]:
    """Return lines, each with where its picture can be opened; empty: there is none."""
    with loading():
        from gems_graph.persistence.history import history as lines
        from gems_graph.persistence.history import is_among
        from gems_graph.persistence.threads import open_threads

    chosen: list[Listed] = []
    async with open_threads() as threads:
        async for line in lines(threads):
            text = f"{line['prompt']}\n{line['thread']}".casefold()
            if is_among(line, states) and grep.casefold() in text:
                chosen.append((line, _picture(line, threads.store)))
            if len(chosen) == limit:
                break
    return chosen


def _picture(line: Line, store: Store) -> str:
    """Return the file of the picture: in the folder of its run, else in the image store."""
    from gems_graph.report.folder import folder_of_run

    if not line["image"]:
        return ""
    folder = folder_of_run(folder_of(line["thread"]), line["trajectory"], line["rounds"])
    return str(folder / "image.png") if folder else store.where(line["image"])


def print_lines(listed: list[Listed], console: Console) -> None:
    """Print prompt, picture and facts of each, or lines with nothing cut for other programs."""
    if not console.is_terminal:
        for line, picture in listed:
            console.file.write("\t".join([*_fields(line, line["when"] or ""), picture]) + "\n")
        return
    from rich.text import Text

    for line, picture in listed:
        prompt = Text(_flat(line["prompt"] or line["error"]), "bold")
        console.print(prompt, overflow="ellipsis", no_wrap=True)
        if picture:
            console.print(Text(f"  {printable(picture)}", "cyan"), soft_wrap=True)
        console.print(Text(f"  {_facts(line)}"), soft_wrap=True)


def _facts(line: Line) -> str:
    """Return how a trajectory stands, when it was worked on, what it cost, and its name."""
    stands: str = line["state"]
    if line["total"] is not None:
        stands += f" {line['passed']}/{line['total']}"
    rounds = counted(line["rounds"], "round") if line["rounds"] else ""
    facts = [stands, rounds, _when(line), in_money(line["cost"]) if line["cost"] else ""]
    return _flat(", ".join([*filter(None, facts), line["thread"]]))


def _when(line: Line) -> str:
    """Return when a trajectory was worked on last, by the clock here."""
    if not line["when"]:
        return ""
    return datetime.fromisoformat(line["when"]).astimezone().strftime("%Y-%m-%d %H:%M")


def _fields(line: Line, when: str) -> list[str]:
    cost = in_money(line["cost"]).removeprefix("cost ")
    rounds, verdict, state = str(line["rounds"]), line["verdict"], line["state"]
    return list(map(_flat, [line["thread"], when, line["prompt"], rounds, verdict, cost, state]))


def _flat(text: str) -> str:
    return printable(" ".join(text.split()))
