"""`gems rm` and `gems gc`: remove trajectories, and pictures that nothing refers to."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.cli.options import STATE, named, states_in
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable

if TYPE_CHECKING:  # imported late: `--help` needs no LangGraph
    from gems_graph.images import Entry
    from gems_graph.persistence.remove import Removed
    from gems_graph.persistence.threads import Threads

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")
_DRY = typer.Option("--dry-run", help="Only say what would be removed.")
_YES = typer.Option("--yes", "-y", help="Do not ask.")


def rm(
    names: Annotated[list[str] | None, typer.Argument(metavar="[THREAD]...")] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="TIME", help="All not worked on for so long: 30d, 12h.")
    ] = None,
    state: Annotated[list[str] | None, STATE] = None,
    dry_run: Annotated[bool, _DRY] = False,
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Remove trajectories: checkpoints, journaled calls, and pictures that no other one needs."""
    if bool(names) == bool(older_than) or (state and not older_than):
        msg = "Name threads, or say --older-than TIME (then perhaps --state), but not both."
        raise UsageError(msg)
    age = _seconds(older_than) if older_than else None
    wanted = [named(name) for name in dict.fromkeys(names or [])]
    asyncio.run(_rm(wanted, age, states_in(state or []), dry_run, yes))


async def _rm(
    names: Sequence[str], age: float | None, states: Collection[str], dry_run: bool, yes: bool
) -> None:
    from gems_graph.persistence.remove import remove
    from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        names = names if age is None else await _old(threads, age, states)
        many = f"{len(names)} {'trajectory' if len(names) == 1 else 'trajectories'}"
        if not names or not (dry_run or _agreed(f"Remove {many}?", yes)):
            typer.echo("Nothing is removed.", err=True)
            return
        found = await remove(threads, names, dry=dry_run)
    for name in names:
        print(printable(name))  # noqa: T201
    typer.echo(f"{_verb(dry_run)} {many}: {_told(found)}.", err=True)
    if found.problem:
        typer.echo(printable(f"note: the pictures stay. {found.problem}"), err=True)


async def _old(threads: Threads, age: float, states: Collection[str]) -> list[str]:
    from gems_graph.persistence.history import history, is_among

    until = time.time() - age
    return [
        line["thread"]
        async for line in history(threads)
        if line["when"] and datetime.fromisoformat(line["when"]).timestamp() <= until
        if is_among(line, states)
    ]


def gc(
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="Leave what was stored so lately: 24h, 30m, 0.")
    ] = "24h",
    orphans: Annotated[
        bool,
        typer.Option("--orphans", help="Also forget calls of trajectories that are not kept here."),
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATABASE", help="Another one that shares the image store; may be repeated."
        ),
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Even if no trajectory is kept at all.")
    ] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Then shrink the SQLite files; runs wait meanwhile.")
    ] = False,
    dry_run: Annotated[bool, _DRY] = False,
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Remove pictures and texts that no trajectory refers to.

    Those of other databases in the same image store count only if named with --also.
    """
    asyncio.run(_gc(_seconds(grace), orphans, also or [], empty, dry_run, yes))
    if vacuum and not dry_run:
        from gems_graph.persistence.vacuum import vacuum as shrink

        for file, before, after in shrink():
            typer.echo(f"{file}: {_size(before)}, now {_size(after)}", err=True)


async def _gc(
    grace: float, orphans: bool, also: Sequence[str], empty: bool, dry_run: bool, yes: bool
) -> None:
    from gems_graph import paths
    from gems_graph.persistence.gc import find_leftovers, remove_leftovers
    from gems_graph.persistence.threads import open_threads, where

    if paths.database() == ":memory:":
        msg = "GEMS_DATABASE is :memory:, where nothing is kept: name the database to keep to."
        raise UsageError(msg)
    async with open_threads() as threads:
        found = await find_leftovers(threads, grace=grace, orphans=orphans, also=also, empty=empty)
        files = found.files
        wanted = f"Remove {_files(files)} that no trajectory in {where()} refers to?"
        if not dry_run:
            if files and not _agreed(wanted, yes):
                typer.echo("Nothing is removed.", err=True)
                return
            files = await remove_leftovers(threads, found, orphans=orphans)
        for entry in files:
            print(printable(threads.store.where(entry.sha256)))  # noqa: T201
    typer.echo(f"{_verb(dry_run)} {_files(files)}.", err=True)
    if found.orphans and not orphans:
        typer.echo(
            f"note: calls of {len(found.orphans)} trajectories that are not kept here keep their "
            "pictures; --orphans forgets them, too.",
            err=True,
        )


def _agreed(question: str, yes: bool) -> bool:
    """Ask whoever sits at a terminal; a script has said what it wants."""
    return yes or not sys.stdin.isatty() or typer.confirm(question, err=True)


def _seconds(span: str) -> float:
    found = _SPAN.fullmatch(span.strip())
    if not found:
        msg = f"{span!r} is no span of time: write 30d, 12h, 45m, 90s or 2w."
        raise UsageError(msg)
    return float(found[1]) * _UNITS[found[2]]


def _verb(dry_run: bool) -> str:
    return "Would remove" if dry_run else "Removed"


def _told(found: Removed) -> str:
    others = "others use them, or have stored them since"
    shared = f"; {found.shared} more stay: {others}" if found.shared else ""
    return f"{found.checkpoints} checkpoints, {_files(found.files)}{shared}"


def _files(files: Sequence[Entry]) -> str:
    return f"{len(files)} pictures and texts ({_size(sum(entry.size for entry in files))})"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


COMMANDS = (rm, gc)
