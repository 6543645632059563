"""`gems eval`: how well single modules do, where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    KEPT,
    MODELS,
    SET,
    dial,
    given_options,
    pairs_in,
    prose,
    settings_file,
)
from gems_graph.settings import Settings, from_env, settle

Choice = tuple[str, dict[str, Any]]
"""A way of asking by one axis: its name, and the dials that it sets."""

app = typer.Typer(
    no_args_is_help=True,
    help="Measure the Decomposer and the Verifier where the truth is known.",
)
_COMPARE = "Ways of asking, every combination of which is tried"
JSON = typer.Option(
    "--json", envvar="GEMS_JSON", show_envvar=False, metavar="", rich_help_panel=KEPT,
    help="Print the whole report on stdout.",
)  # fmt: skip
QUIET = typer.Option(
    "--quiet", "-q", envvar="GEMS_QUIET", show_envvar=False, metavar="", rich_help_panel=KEPT,
    help="No progress on stderr.",
)  # fmt: skip
OUT = typer.Option(
    "--out", metavar="FILE", rich_help_panel=KEPT, help="Write the whole report, as JSON."
)
AGAIN = typer.Option(
    "--again", metavar="", rich_help_panel=KEPT,
    help="Ask and pay anew; otherwise what was answered before is taken up.",
)  # fmt: skip
Mllm = Annotated[str | None, dial("mllm", "MODEL", MODELS)]
MllmUrl = Annotated[str | None, dial("mllm_url", "URL", MODELS)]
MaxCalls = Annotated[int | None, dial("max_calls", "N", MODELS)]


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
    mllm: Mllm = None,
    mllm_url: MllmUrl = None,
    max_calls: MaxCalls = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    out: Annotated[Path | None, OUT] = None,
    as_json: Annotated[bool, JSON] = False,
    again: Annotated[bool, AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Compare the Decomposer's criteria with the atoms that requests are known to have.

    The model sees the prompt alone. Exit codes: 0 every request was compared, 3 some failed or
    were not asked, 1 all of them, 2 wrong usage.
    """
    options = given_options(mllm=mllm, mllm_url=mllm_url, max_calls=max_calls)
    settings = _settings(config, assignments, options)
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import evaluation
    told = evaluation.Telling(as_json, quiet, out)
    raise typer.Exit(evaluation.decomposer(data, limit, settings, told, again=again))


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
    mllm: Mllm = None,
    mllm_url: MllmUrl = None,
    max_calls: MaxCalls = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    out: Annotated[Path | None, OUT] = None,
    as_json: Annotated[bool, JSON] = False,
    again: Annotated[bool, AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Put questions about pictures of known truth to the Verifier, in several ways, and compare.

    --probe, --verify, --side and --vary may be repeated; without any, both forms and both modes
    are compared. Exit codes: 0 every picture was judged in every way, 3 some failed or were not
    asked, 1 all of them, 2 wrong usage.
    """
    options = given_options(mllm=mllm, mllm_url=mllm_url, max_calls=max_calls)
    settings = _settings(config, assignments, options)
    axes = _axes(probe, verify, side, vary)
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import evaluation
    told = evaluation.Telling(as_json, quiet, out)
    cases = evaluation.cases_in(data, pictures, seed)
    raise typer.Exit(evaluation.verifier(cases, settings, axes, told, again=again))


for _command in (decomposer, verifier):
    app.command(help=prose(_command.__doc__))(_command)


def _settings(
    config: Path | None, assignments: list[str] | None, options: dict[str, Any]
) -> Settings:
    chosen = {**pairs_in(assignments or []), **options}
    return settle(settings_file(config), from_env(), chosen)


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
