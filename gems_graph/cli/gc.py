"""`gems gc`: remove pictures and texts that nothing refers to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from gems_graph.calls.ledger import in_bytes
from gems_graph.cli.loading import loading
from gems_graph.cli.removal import DRY_RUN, YES, agreed, in_words, seconds_in, verb
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted


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
    dry_run: Annotated[bool, DRY_RUN] = False,
    yes: Annotated[bool, YES] = False,
) -> None:
    """Remove pictures and texts that no trajectory refers to.

    Those of other databases in the same image store count only if named with --also.
    """
    asyncio.run(_gc(seconds_in(grace), orphans, also or [], empty, dry_run, yes))
    if vacuum and not dry_run:
        from gems_graph.persistence.vacuum import vacuum as shrink

        for file, before, after in shrink():
            typer.echo(f"{file}: {in_bytes(before)}, now {in_bytes(after)}", err=True)


async def _gc(
    grace: float, orphans: bool, also: Sequence[str], empty: bool, dry_run: bool, yes: bool
) -> None:
    from gems_graph import paths

    with loading():
        from gems_graph.persistence.gc import find_leftovers, remove_leftovers
        from gems_graph.persistence.threads import open_threads, where

    if paths.database() == ":memory:":
        msg = "GEMS_DATABASE is :memory:, where nothing is kept: name the database to keep to."
        raise UsageError(msg)
    async with open_threads() as threads:
        leftovers = await find_leftovers(
            threads, grace=grace, orphans=orphans, also=also, empty=empty
        )
        files = leftovers.files
        question = f"Remove {in_words(files)} that no trajectory in {where()} refers to?"
        if not dry_run:
            if files and not agreed(question, yes):
                typer.echo("Nothing is removed.", err=True)
                return
            files = await remove_leftovers(threads, leftovers, orphans=orphans)
        for entry in files:
            print(printable(threads.store.where(entry.sha256)))  # noqa: T201
    typer.echo(f"{verb(dry_run)} {in_words(files)}.", err=True)
    if leftovers.orphans and not orphans:
        typer.echo(
            f"note: calls of {counted(len(leftovers.orphans), 'trajectory', 'trajectories')} not "
            "kept here keep their pictures; --orphans forgets them, too.",
            err=True,
        )
