"""`gems show`: one trajectory that is kept, or what a picture tells of itself."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.cli import completing
from gems_graph.cli.loading import loading
from gems_graph.cli.options import INLINE, JSON, folder_of, thread_name
from gems_graph.prompting.sanitize import printable

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from gems_graph.persistence.show import Shown


def show(
    thread: Annotated[
        str | None,
        typer.Argument(
            metavar="[THREAD|PICTURE]", autocompletion=completing.threads,
            help="The trajectory, or a picture that `gems` wrote. Default the trajectory worked "
            "on last.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write its folder again: pictures, strip, record."),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
    inline: Annotated[str | None, INLINE] = None,
) -> None:  # fmt: skip
    """Show a trajectory: criteria by rounds, prompts, what failed and why, cost, pictures.

    An unfinished one as far as it went. Pictures are named as files one can open: in the folder of
    the run where that is found here, else in the image store; --out writes them anywhere. Of a
    PICTURE what it tells of itself, then the trajectory if it is still kept.
    """
    if thread and _is_picture(thread):
        with loading():
            from gems_graph.cli.terminal.picture import show_picture
        shown = show_picture(Path(thread), as_json=as_json)
        if shown is None:
            return
    else:
        shown = asyncio.run(_look_up(thread_name(thread) if thread else None))
        if as_json and not out:
            print(printable(json.dumps(shown.record(), ensure_ascii=False)))  # noqa: T201
            return
    if out:
        print(shown.write(out))  # noqa: T201
    else:
        _print(shown, inline)


def _is_picture(name: str) -> bool:
    """Tell whether a file is meant; a thread may have any name, but no file that is there."""
    return Path(name).suffix.lower() in (".png", ".jpg", ".jpeg", ".webp") and Path(name).exists()


async def _look_up(thread: str | None) -> Shown:
    with loading():
        from gems_graph.persistence.show import look_up
        from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        return await look_up(threads, thread)


def _print(shown: Shown, inline: str | None) -> None:
    from rich.console import Console

    from gems_graph.cli.terminal.inline import in_terminal
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
    show, result = in_terminal(console, inline, shown.store), shown.state.get("result")
    if show and result:
        console.print(show(result["image"]))
    for part in page(shown.state, facts, shown.places(folder)):
        if isinstance(part, str):
            print(printable(part))  # noqa: T201
        else:
            console.print(verdict_table(*part))
    if not folder and has_image(shown.state):
        command = f"gems show {shlex.quote(shown.thread)} --out DIR"
        typer.echo(printable(f"To have the pictures as files: {command}"), err=True)
