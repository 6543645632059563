"""`gems report`: trajectories as one page that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli.loading import loading


def report(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[THREAD|DIR|FILE]...",
            help="Trajectories that are kept, folders of `gems run` or of a batch, or files of "
            "records. Default the trajectory worked on last.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE",
            help="Default report.html in the folder, else in gems-out. A name in .png gives the "
            "rounds of one trajectory as a picture, .gif or .webp as a moving one.",
        ),
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Of the page.")] = "",
) -> None:  # fmt: skip
    """Write one page of everything: rounds, verdicts, changes of prompts, time, cost, settings.

    Of several trajectories a gallery that can be searched and sorted. The file holds its pictures
    and loads nothing; it may be mailed. Prints the name of the file.
    """
    with loading():
        from gems_graph.cli.terminal import reports
    print(reports.report(what or [], out, title))  # noqa: T201
