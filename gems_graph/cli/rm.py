"""`gems rm`: remove trajectories."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.cli import completing
from gems_graph.cli.loading import loading
from gems_graph.cli.options import STATE, states_in, thread_name
from gems_graph.cli.removal import DRY_RUN, YES, agreed, in_words, seconds_in, verb
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from gems_graph.persistence.remove import Removed
    from gems_graph.persistence.threads import Threads


def rm(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[THREAD]...", help="By name.", autocompletion=completing.threads),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="TIME", help="All not worked on for so long: 30d, 12h.")
    ] = None,
    state: Annotated[list[str] | None, STATE] = None,
    dry_run: Annotated[bool, DRY_RUN] = False,
    yes: Annotated[bool, YES] = False,
) -> None:
    """Remove trajectories: checkpoints, journaled calls, and pictures that no other one needs."""
    if bool(names) == bool(older_than) or (state and not older_than):
        msg = "Name threads, or say --older-than TIME (then perhaps --state), but not both."
        raise UsageError(msg)
    age = seconds_in(older_than) if older_than else None
    chosen = [thread_name(name) for name in dict.fromkeys(names or [])]
    asyncio.run(_rm(chosen, age, states_in(state or []), dry_run, yes))


async def _rm(
    names: Sequence[str], age: float | None, states: Collection[str], dry_run: bool, yes: bool
) -> None:
    with loading():
        from gems_graph.persistence.remove import remove
        from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        names = names if age is None else await _older_than(threads, age, states)
        count = f"{len(names)} {'trajectory' if len(names) == 1 else 'trajectories'}"
        if not names or not (dry_run or agreed(f"Remove {count}?", yes)):
            typer.echo("Nothing is removed.", err=True)
            return
        removed = await remove(threads, names, dry=dry_run)
    for name in names:
        print(printable(name))  # noqa: T201
    typer.echo(f"{verb(dry_run)} {count}: {_summary(removed)}.", err=True)
    if removed.problem:
        typer.echo(printable(f"note: the pictures stay. {removed.problem}"), err=True)


async def _older_than(threads: Threads, age: float, states: Collection[str]) -> list[str]:
    from gems_graph.persistence.history import history, is_among

    cutoff = time.time() - age
    return [
        line["thread"]
        async for line in history(threads)
        if line["when"] and datetime.fromisoformat(line["when"]).timestamp() <= cutoff
        if is_among(line, states)
    ]


def _summary(removed: Removed) -> str:
    stay = counted(removed.shared, "more stays", "more stay")
    shared = f"; {stay}: in use elsewhere, or stored since" if removed.shared else ""
    return f"{counted(removed.checkpoints, 'checkpoint')}, {in_words(removed.files)}{shared}"
