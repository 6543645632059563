"""`gems eval score`, `data`: benchmarks from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import JSON, KEPT, prose

TASK = Annotated[
    str, typer.Argument(metavar="TASK", help="A benchmark; `gems eval data` lists them.")
]
DATA_DIR = Annotated[
    Path | None,
    typer.Option(
        envvar="GEMS_DATA_DIR", show_envvar=False, metavar="DIR",
        help="Where the benchmark's data lies. Default `benchmarks` in the folder of pictures.",
    ),
]  # fmt: skip
OUT = Annotated[
    Path | None,
    typer.Option(metavar="FILE", rich_help_panel=KEPT, help="Write the whole report, as JSON."),
]


def score(
    task: TASK,
    answers: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Judges' answers, one JSON object a line: `id` (the line in the data from 0, or "
            "the data's own id), `sample`, `answers` in the task's form.",
        ),
    ],
    data_dir: DATA_DIR = None,
    ids: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="Read ids as `own` or `line`. Default own if all are."),
    ] = None,
    out: OUT = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Score judges' answers alone, by the official formula, without pictures or servers.

    Exit codes: 0 every prompt has all its answers, 3 some are missing and are listed, 2 wrong
    usage.
    """
    with loading():  # late: `--help` needs no NumPy
        from gems_graph.cli.terminal import benchmarks
    raise typer.Exit(benchmarks.score(task, data_dir, answers, ids, out, as_json=as_json))


def data(
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="One benchmark.")] = None,
    data_dir: DATA_DIR = None,
    fetch: Annotated[
        bool,
        typer.Option(
            "--fetch", metavar="",
            help="Fetch it from the Hugging Face hub, where it is there; asks first.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", metavar="", help="Agree to the licence without being asked."),
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:  # fmt: skip
    """Tell of each benchmark where its data lives, its licence, what is there and what is missing.

    Nothing of it is in this package but what its licence lets us ship.
    """
    with loading():
        from gems_graph.cli.terminal import benchmarks
    code = benchmarks.data(task, data_dir, fetch=fetch, yes=yes, as_json=as_json)
    raise typer.Exit(code)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (score, data):
        app.command(help=prose(command.__doc__))(command)
