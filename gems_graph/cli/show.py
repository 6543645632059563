"""`gems show`: one trajectory that is kept."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import JSON, folder_of, thread_name
from gems_graph.prompting.sanitize import printable

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from gems_graph.persistence.show import Shown


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

    An unfinished one as far as it went. Pictures are named as files where the folder of the run
    is found here; --out writes them anywhere.
    """
    shown = asyncio.run(_look_up(thread_name(thread) if thread else None))
    if out:
        print(shown.write(out))  # noqa: T201
    elif as_json:
        print(printable(json.dumps(shown.record(), ensure_ascii=False)))  # noqa: T201
    else:
        _print(shown)


async def _look_up(thread: str | None) -> Shown:
    with loading():
        from gems_graph.persistence.show import look_up
        from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        return await look_up(threads, thread)


def _print(shown: Shown) -> None:
    from rich.console import Console

    from gems_graph.cli.terminal.verdicts import verdict_table
    from gems_graph.memory import has_image
    from gems_graph.report.folder import folder_with
    from gems_graph.report.page import page

    console, parent = Console(highlight=False), shown.parent
    folder = folder_with(folder_of(shown.thread), shown.state)
    facts = {
        "thread": shown.thread,
        "state": shown.standing,
        "last": shown.when,
        "forked from": f"{parent['thread']}, round {parent['round']}" if parent else "",
        "folder": folder,
    }
    for part in page(shown.state, facts, folder):
        if isinstance(part, str):
            print(printable(part))  # noqa: T201
        else:
            console.print(verdict_table(*part))
    if not folder and has_image(shown.state):
        command = f"gems show {shlex.quote(shown.thread)} --out DIR"
        typer.echo(printable(f"To have the pictures as files: {command}"), err=True)
