"""`gems eval judge`, `official`, `report`: scores of a run's pictures; routes never mix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli.bench_run import RUN
from gems_graph.cli.benchmarks import DATA_DIR
from gems_graph.cli.loading import loading
from gems_graph.cli.options import CONFIG, JSON, MODELS, QUIET, SET, dial, pairs_in, prose

from gems_graph.cli.options import given_options, settings_file  # isort: skip
from gems_graph.settings import from_env, settle


def judge(
    folder: RUN,
    judge: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The judge, as `compat:MODEL`. Default the pixels, "
                     "where a benchmark is measured on them."),
    ] = None,
    judge_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Base URL of the judge's server.")
    ] = None,
    judge_prompt: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The judge's prompt, where its licence keeps it out of this package: "
            "{prompt}, {explanation}, {question} or {questions} are filled in.",
        ),
    ] = None,
    official_judge: Annotated[
        bool,
        typer.Option("--official-judge", metavar="",
                     help="It is the official judge, served under another name."),
    ] = False,
    data_dir: DATA_DIR = None,
    max_calls: Annotated[int | None, dial("max_calls", "N", MODELS)] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    again: Annotated[
        bool, typer.Option("--again", metavar="", help="Ask and pay anew.")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:  # fmt: skip
    """Judge the pictures of a run and score them; a pass of its own, with its own journal.

    By the benchmark's own judge and formula (`endpoint`), another judge (`proxy`), or the `pixels`
    of the offline world. Answers are kept beside the pictures, as `gems eval score` takes them.
    Exit codes: 0 every picture was judged, 3 some were not, 1 none, 2 wrong usage.
    """
    options = given_options(mllm=judge, mllm_url=judge_url, max_calls=max_calls)
    settings = settle(settings_file(config), from_env(), {**pairs_in(assignments or []), **options})
    with loading():
        from gems_graph.cli.terminal import bench_judge
    how = bench_judge.How(settings, judge, judge_prompt, official_judge, again, as_json, quiet)
    raise typer.Exit(bench_judge.judge(folder, data_dir, how))


def official(
    folder: RUN,
    results: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The official scorer's result file, to be imported."),
    ] = None,
    execute: Annotated[
        bool,
        typer.Option("--run", metavar="", help="Run them here, in the official checkout."),
    ] = False,
    data_dir: DATA_DIR = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:  # fmt: skip
    """Print the official scorer's commands for a run, or run them; import its result file.

    Words in capitals are yours to fill in; commands with any are not run.
    """
    with loading():
        from gems_graph.cli.terminal import bench_judge
    code = bench_judge.official(folder, data_dir, results, execute=execute, as_json=as_json)
    raise typer.Exit(code)


def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders of `gems eval run`.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where it goes. Default `report` in the first folder."),
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw figures; they need matplotlib.")
    ] = True,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Put our rows beside the paper's: tables, figures, and one self-contained page.

    Writes report.md, report.html and figures as PNG and SVG, light and dark. Scores of different
    routes stand in rows of their own; incomplete ones and parts of a benchmark are left out of
    Tables 1 and 2.
    """
    with loading():
        from gems_graph.cli.terminal import bench_report
    raise typer.Exit(bench_report.report(folders, out, figures=figures, quiet=quiet))


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (judge, official, report):
        app.command(help=prose(command.__doc__))(command)
