"""`gems fork`: branch off from what is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli import completing, groups
from gems_graph.cli.loading import loading
from gems_graph.cli.options import checklist_in, dial, folder_of, given_options, thread_name
from gems_graph.cli.sharing import said, takes
from gems_graph.prompting.sanitize import printable


@takes(groups.limits, groups.any_other, groups.output)
def fork(
    thread: Annotated[
        str,
        typer.Argument(
            help="The trajectory to branch off from.", autocompletion=completing.threads
        ),
    ],
    round_: Annotated[
        int | None,
        typer.Option(
            "--round", metavar="N", help="Last round kept, 0: only the plan; default the last."
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Prompt to draw next, as written, not the Refiner's."),
    ] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="New criteria, one a line; the last picture kept is judged by them.",
        ),
    ] = None,
    max_iterations: Annotated[int | None, dial("max_iterations", "N")] = None,
    seed: Annotated[int | None, dial("seed", "N")] = None,
    to: Annotated[
        str | None,
        typer.Option("--thread", metavar="NAME", help="Name of the branch; default a new one."),
    ] = None,
    no_run: Annotated[
        bool, typer.Option("--no-run", metavar="", help="Only prepare the branch.")
    ] = False,
    **given: Any,
) -> None:
    """Keep the first rounds of a trajectory, and go on from there in a new thread.

    The old one stays as it is; rounds kept count in --max-iterations. Exit codes as for `gems run`.
    """
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import run as terminal
    output = said(groups.output, given)
    dials = given_options(max_iterations=max_iterations, seed=seed)
    dials |= {**said(groups.limits, given), **output.dials}
    settings = {**said(groups.any_other, given), **dials}
    questions = checklist_in(criteria) if criteria else None
    new_thread = asyncio.run(
        _fork(
            thread_name(thread), round=round_, prompt=prompt, criteria=questions, settings=settings,
            to=to and thread_name(to),
        )
    )  # fmt: skip
    if no_run:
        print(new_thread)  # noqa: T201
        typer.echo(printable(f"Go on with: gems resume {new_thread}"), err=True)
        return
    job = terminal.Job(new_thread)
    code = terminal.run(
        job, out=output.out or folder_of(new_thread), as_json=output.as_json, quiet=output.quiet,
        inline=output.inline,
    )  # fmt: skip
    raise typer.Exit(code)


async def _fork(thread: str, **branch: Any) -> str:
    from gems_graph.persistence.fork import fork as prepare
    from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        return await prepare(threads, thread, **branch)
