"""`gems compare`: several strategies on the same prompts, under equal budgets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli import batch
from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    JSON,
    QUIET,
    dial,
    folder_of,
    given_options,
    prompt_in,
)
from gems_graph.cli.sharing import Layers, drawing, shares
from gems_graph.settings import settle

_ALL = "gems,original,rewrite,search,maestro,craft"


@shares("layers", drawing)
def compare(
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT|FILE",
            help="What to draw, or a file as `gems run --prompts` takes it. Criteria in it are "
            "the judge's: no strategy sees them.",
        ),
    ],
    strategies: Annotated[
        str,
        typer.Option(
            metavar="A,B,C",
            help="By name, gems also with a preset (gems:loop-only); the others are compared with "
            "the first one.",
        ),
    ] = _ALL,
    budget: Annotated[
        str,
        typer.Option(
            metavar="NAME=AMOUNT,...",
            help="Of each run: images, calls, tokens, seconds, cost. Empty: as the settings say.",
        ),
    ] = "images=5",
    seeds: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="Of each prompt, the same for all.")
    ] = 1,
    judge_budget: Annotated[
        str, typer.Option(metavar="NAME=AMOUNT,...", help="Of the judge, over all it judges.")
    ] = "",
    seed: Annotated[int | None, dial("seed", "N")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Output folder. Default gems-out/compare-NAME."),
    ] = None,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    dry_run: Annotated[bool, batch.DRY_RUN] = False,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    *,
    layers: Layers,
) -> None:
    """Draw the same prompts by several strategies under equal budgets, and have a judge compare.

    The judge (--role judge=MODEL) sees each picture and the criteria of its prompt, and is counted
    apart. Ends in a table, compare.json, compare.svg and compare.html; the same command goes on
    where it was stopped. Exit codes: 0 every run was judged, 3 some failed or were not, 2 wrong
    usage.
    """
    settings = settle(*layers, given_options(seed=seed))
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import comparison as terminal
    is_file = Path(prompt).is_file() if len(prompt) < 1000 else False
    name = Path(prompt).stem if is_file else prompt_in(prompt)
    compared = terminal.asked(
        prompt if is_file else None, name, settings, strategies.split(","), budget, seeds,
        judge_budget,
    )  # fmt: skip
    base = out or folder_of(f"compare-{name}")
    code = terminal.compare(
        compared, terminal.Telling(base, concurrency or 4, as_json, quiet), dry_run=dry_run
    )
    raise typer.Exit(code)
