"""`gems eval`: how well single modules do where the truth is known, and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli import bench_judge, bench_run, benchmarks
from gems_graph.cli.loading import loading
from gems_graph.cli.measuring import Measuring, measures
from gems_graph.cli.options import dial, pairs_in, prose

Choice = tuple[str, dict[str, Any]]
"""A way of asking by one axis: its name, and the dials that it sets."""

app = typer.Typer(
    no_args_is_help=True,
    help="Measure single modules where the truth is known, and whole strategies on benchmarks.",
)
_COMPARE = "Ways of asking, every combination of which is tried"


def decomposer(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Requests with their atoms, in GenEval2's schema. Default: some of the offline "
            "world.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Requests at most, from the first.")
    ] = None,
    *,
    on: Measuring,
) -> None:
    """Compare the Decomposer's criteria with the atoms that requests are known to have.

    The model sees the prompt alone. Exit codes: 0 every request was compared, 3 some failed or
    were not asked, 1 all of them, 2 wrong usage.
    """
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import evaluation
    raise typer.Exit(evaluation.decomposer(data, limit, on))


def verifier(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Pictures with a labels.jsonl. Default: pictures of the offline world.",
        ),
    ] = None,
    pictures: Annotated[
        int,
        typer.Option(
            min=1, max=100_000, metavar="N", help="Of the offline world, pictures. Default 100."
        ),
    ] = 100,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of the offline world, which pictures.")
    ] = 0,
    probe: Annotated[list[str] | None, dial("probe", "FORM", _COMPARE)] = None,
    verify: Annotated[list[str] | None, dial("verify", "MODE", _COMPARE)] = None,
    side: Annotated[
        list[int] | None,
        typer.Option(
            metavar="PIXELS",
            rich_help_panel=_COMPARE,
            help="Longest side of every picture shown, whatever is asked about it.",
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", rich_help_panel=_COMPARE, help="A value of any other setting."
        ),
    ] = None,
    *,
    on: Measuring,
) -> None:
    """Put questions about pictures of known truth to the Verifier, in several ways, and compare.

    --probe, --verify, --side and --vary may be repeated; without any, both forms and both modes
    are compared. Exit codes: 0 every picture was judged in every way, 3 some failed or were not
    asked, 1 all of them, 2 wrong usage.
    """
    axes = _axes(probe, verify, side, vary)
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import evaluation
    cases = evaluation.cases_in(data, pictures, seed)
    raise typer.Exit(evaluation.verifier(cases, axes, on))


for _command in (decomposer, verifier):
    app.command(help=prose(_command.__doc__))(measures(_command))
benchmarks.add_to(app)
bench_run.add_to(app)
bench_judge.add_to(app)


def _axes(
    probe: Sequence[str] | None,
    verify: Sequence[str] | None,
    side: Sequence[int] | None,
    vary: Sequence[str] | None,
) -> list[list[Choice]]:
    """Return what is varied, with its choices; where nothing is, forms and modes."""
    if not (probe or verify or side or vary):
        probe, verify = ["evidence", "direct"], ["per-criterion", "batched"]
    axes: dict[str, list[Choice]] = {
        "probe": [(form, {"probe": form}) for form in probe or []],
        "verify": [(mode, {"verify": mode}) for mode in verify or []],
        "side": [_side(pixels) for pixels in side or []],
    }
    for name, value in (pair for each in vary or [] for pair in pairs_in([each]).items()):
        axes.setdefault(name, []).append((str(value), {name: value}))
    return [axis for axis in axes.values() if axis]


def _side(pixels: int) -> Choice:
    """Return one size for criteria of every kind."""
    kinds = {"vision_max_side": pixels, "detail_max_side": None, "scene_max_side": None}
    return f"{pixels} px", kinds
