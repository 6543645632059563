"""`gems eval run`, `finalize`: pictures for a benchmark, in its official layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli.batch import CONCURRENCY, DRY_RUN, SHARD
from gems_graph.cli.benchmarks import DATA_DIR, TASK
from gems_graph.cli.loading import loading
from gems_graph.cli.options import JSON, MODELS, QUIET, dial, given_options, prose
from gems_graph.cli.sharing import Layers, drawing, shares

PARTIAL = Annotated[
    bool,
    typer.Option(
        "--partial", metavar="", help="Lay out the prompts that are whole, and leave out the rest."
    ),
]
RUN = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of `gems eval run`.")]


@shares("layers", drawing)
def run(
    task: TASK,
    data_dir: DATA_DIR = None,
    strategy: Annotated[list[str] | None, dial("strategy", "A,B,C")] = None,
    preset: Annotated[list[str] | None, dial("preset", "A,B,C")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Prompts at most, from the first.")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="Pictures a prompt. Default the official."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, metavar="K", help="Repeat everything with K seeds.")
    ] = 1,
    shard: Annotated[str | None, SHARD] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Output folder. Default gems-out/TASK.")
    ] = None,
    concurrency: Annotated[int | None, CONCURRENCY] = None,
    dry_run: Annotated[bool, DRY_RUN] = False,
    partial: PARTIAL = False,
    max_iterations: Annotated[int | None, dial("max_iterations", "N", MODELS)] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    *,
    layers: Layers,
) -> None:
    """Draw the pictures of a benchmark; the same command goes on where it was stopped.

    --strategy and --preset take several, parted by commas (a strategy also with a preset, as
    gems:loop-only): each is drawn in a folder of its own, DIR/NAME, with the official layout in
    `pictures` as soon as all are there. An agent is shown the id and the
    prompt, and nothing else of the data. Exit codes as of `gems run --prompts`.
    """
    layers = (*layers[:2], {**layers[2], **given_options(max_iterations=max_iterations)})
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import bench_run
    plan = bench_run.Plan(
        task, data_dir, out, layers, _listed(strategy), _listed(preset), limit, samples,
        seeds, shard, concurrency, dry_run, partial, as_json, quiet,
    )  # fmt: skip
    raise typer.Exit(bench_run.run(plan))


def _listed(names: list[str] | None) -> tuple[str, ...]:
    """Return names that may be parted by commas, each once."""
    parts = (part.strip() for name in names or () for part in name.split(","))
    return tuple(dict.fromkeys(filter(None, parts)))


def finalize(folder: RUN, data_dir: DATA_DIR = None, partial: PARTIAL = False) -> None:
    """Lay out the pictures of a run as the official scorer expects them: grids and manifests.

    Refuses incomplete sets unless told otherwise: upstream scores them, in different ways, wrongly.
    """
    with loading():
        from gems_graph.cli.terminal import bench_run
    raise typer.Exit(bench_run.finalize(folder, data_dir, partial=partial))


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, finalize):
        app.command(help=prose(command.__doc__))(command)
