"""`gems resume`: go on with what was interrupted, or answer what waits for a person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli import batch
from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    JSON,
    OUT,
    QUIET,
    SET,
    checklist_in,
    folder_of,
    given_options,
    pairs_in,
    prompt_in,
    thread_name,
)
from gems_graph.settings import settle


def resume(
    thread: Annotated[
        str | None, typer.Argument(help="The trajectory; default the one worked on last.")
    ] = None,
    everything: Annotated[bool, batch.ALL] = False,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    strips: Annotated[bool, batch.STRIPS] = False,
    criteria: Annotated[
        Path | None, typer.Option(help="Answer: the criteria as they should be, one a line.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help="Answer: the prompt to draw next, as written.")
    ] = None,
    verdict: Annotated[
        list[str] | None,
        typer.Option(metavar="N=yes", help="Answer: overrule a verdict; may be repeated."),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Answer: take this picture.")] = False,
    go_on: Annotated[bool, typer.Option("--go-on", help="Answer: just go on.")] = False,
    assignments: Annotated[list[str] | None, SET] = None,
    out: Annotated[Path | None, OUT] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Take a trajectory up again that was interrupted, or ended on an error or a budget.

    It goes on with the settings that it began with, but for those given by --set; what failed is
    done again. One that waits for a person (--pause) is answered on the terminal, or by options.
    Exit codes as for `gems run`.
    """
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import run as terminal
        from gems_graph.cli.terminal.dialogue import rulings
    answer = given_options(
        criteria=checklist_in(criteria) if criteria else None,
        prompt=None if prompt is None else prompt_in(prompt),
        verdicts=rulings(verdict or []) or None,
        accept=accept or None,
    )
    answered = answer or go_on or None
    settings = settle(pairs_in(assignments or []))
    if everything:
        batch.refuse({"A THREAD": thread, "An answer": answered}, "goes without --all.")
        code = batch.resume_many(
            settings, folder_of, out=out, concurrency=concurrency, strips=strips,
            as_json=as_json, quiet=quiet,
        )  # fmt: skip
        raise typer.Exit(code)
    batch.refuse({"--concurrency": concurrency, "--strips": strips}, "goes with --all.")
    thread = thread_name(thread) if thread else asyncio.run(terminal.latest_thread())
    job = terminal.Job(thread, settings=settings, answer=answered)
    code = terminal.run(job, out=out or folder_of(thread), as_json=as_json, quiet=quiet)
    raise typer.Exit(code)
