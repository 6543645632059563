"""`gems eval`: how well single modules do, where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    QUIET,
    SET,
    dial,
    given_options,
    pairs_in,
    settings_file,
)
from gems_graph.settings import Settings, from_env, settle

app = typer.Typer(
    no_args_is_help=True,
    help="Measure the Decomposer and the Verifier where the truth is known.",
)
JSON = typer.Option("--json", envvar="GEMS_JSON", help="Print the whole report on stdout.")
OUT = typer.Option("--out", metavar="FILE", help="Write the whole report, as JSON, to a file.")
AGAIN = typer.Option(
    "--again", help="Ask and pay anew; otherwise what was answered before is taken up."
)
MaxCalls = Annotated[int | None, dial("max_calls")]


@app.command()
def decomposer(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Requests with their atoms, in GenEval2's schema; default: some of the offline "
            "world.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Requests at most, from the first.")
    ] = None,
    mllm: Annotated[str | None, dial("mllm")] = None,
    mllm_url: Annotated[str | None, dial("mllm_url")] = None,
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


@app.command()
def verifier(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Pictures with a labels.jsonl; default: pictures of the offline world.",
        ),
    ] = None,
    pictures: Annotated[
        int, typer.Option(min=1, max=100_000, help="Of the offline world, pictures to draw.")
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of the offline world, which pictures.")] = 0,
    verify: Annotated[list[str] | None, dial("verify")] = None,
    side: Annotated[
        list[int] | None,
        typer.Option(metavar="PIXELS", help="Longest side of a picture shown; may be repeated."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A value of any setting to compare; may be repeated."
        ),
    ] = None,
    mllm: Annotated[str | None, dial("mllm")] = None,
    mllm_url: Annotated[str | None, dial("mllm_url")] = None,
    max_calls: MaxCalls = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    out: Annotated[Path | None, OUT] = None,
    as_json: Annotated[bool, JSON] = False,
    again: Annotated[bool, AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Put questions about pictures of known truth to the Verifier, in several ways, and compare.

    --verify, --side and --vary may be repeated: every combination is tried. Exit codes: 0 every
    picture was judged in every way, 3 some failed or were not asked, 1 all of them, 2 wrong usage.
    """
    options = given_options(mllm=mllm, mllm_url=mllm_url, max_calls=max_calls)
    settings = _settings(config, assignments, options)
    axes = _axes(verify, side, vary)
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import evaluation
    told = evaluation.Telling(as_json, quiet, out)
    cases = evaluation.cases_in(data, pictures, seed)
    raise typer.Exit(evaluation.verifier(cases, settings, axes, told, again=again))


def _settings(
    config: Path | None, assignments: list[str] | None, options: dict[str, Any]
) -> Settings:
    chosen = {**pairs_in(assignments or []), **options}
    return settle(settings_file(config), from_env(), chosen)


def _axes(
    verify: Sequence[str] | None, side: Sequence[int] | None, vary: Sequence[str] | None
) -> list[list[tuple[str, dict[str, Any]]]]:
    """Return what is varied, the values of each in turn; where nothing is, both modes."""
    by_dial: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for name, value in (pair for each in vary or [] for pair in pairs_in([each]).items()):
        by_dial.setdefault(name, []).append((str(value), {name: value}))
    modes = verify or ([] if side or vary else ["per-criterion", "batched"])
    by_dial.setdefault("verify", []).extend((mode, {"verify": mode}) for mode in modes)
    sides = [(f"{pixels} px", {"vision_max_side": pixels}) for pixels in side or []]
    return [axis for axis in (*by_dial.values(), sides) if axis]
