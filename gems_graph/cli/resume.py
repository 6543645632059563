"""`gems resume`: go on with what was interrupted, or answer what waits for a person."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli import batch, groups
from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    THREAD,
    checklist_in,
    dial,
    folder_of,
    given_options,
    prompt_in,
    thread_name,
)
from gems_graph.cli.sharing import said, takes
from gems_graph.settings import settle

_ANSWER = "Answer to what waits for a person"


@takes(groups.limits, groups.any_other, groups.output)
def resume(
    thread: Annotated[str | None, THREAD] = None,
    max_iterations: Annotated[int | None, dial("max_iterations", "N")] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=_ANSWER,
            help="The criteria as they should be, one a line.",
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", rich_help_panel=_ANSWER, help="The prompt to draw next, as written."
        ),
    ] = None,
    verdict: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N=yes", rich_help_panel=_ANSWER,
            help="Overrule a verdict, yes or no; may be repeated.",
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", metavar="", rich_help_panel=_ANSWER, help="Take this picture."),
    ] = False,
    go_on: Annotated[
        bool, typer.Option("--go-on", metavar="", rich_help_panel=_ANSWER, help="Just go on.")
    ] = False,
    everything: Annotated[bool, batch.ALL] = False,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    strips: Annotated[bool, batch.STRIPS] = False,
    **given: Any,
) -> None:  # fmt: skip
    """Take a trajectory up again that was interrupted, or ended on an error or a budget.

    It goes on with the settings that it began with, but for those given here; what failed is
    done again. One that waits for a person (--pause) is answered on the terminal, or by options.
    Exit codes as for `gems run`.
    """
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import run as terminal
        from gems_graph.cli.terminal.dialogue import rulings
    output = said(groups.output, given)
    answer = given_options(
        criteria=checklist_in(criteria) if criteria else None,
        prompt=None if prompt is None else prompt_in(prompt),
        verdicts=rulings(verdict or []) or None,
        accept=accept or None,
    )
    answered = answer or go_on or None
    dials = {**given_options(max_iterations=max_iterations), **said(groups.limits, given)}
    settings = settle({**said(groups.any_other, given), **output.dials, **dials})
    if everything:
        batch.refuse({"A THREAD": thread, "An answer": answered}, "goes without --all.")
        code = batch.resume_many(
            settings, folder_of, out=output.out, concurrency=concurrency, strips=strips,
            as_json=output.as_json, quiet=output.quiet,
        )  # fmt: skip
        raise typer.Exit(code)
    batch.refuse({"--concurrency": concurrency, "--strips": strips}, "goes with --all.")
    thread = thread_name(thread) if thread else asyncio.run(terminal.latest_thread())
    job = terminal.Job(thread, settings=settings, answer=answered)
    code = terminal.run(
        job, out=output.out or folder_of(thread), as_json=output.as_json, quiet=output.quiet,
        inline=output.inline,
    )  # fmt: skip
    raise typer.Exit(code)
