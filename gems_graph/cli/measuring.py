"""Options that all commands share which measure a module: who is asked, and where it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from gems_graph.cli.options import (
    CONFIG,
    KEPT,
    MODELS,
    SET,
    dial,
    given_options,
    pairs_in,
    settings_file,
)
from gems_graph.cli.sharing import shares
from gems_graph.settings import Settings, from_env, settle


class Measuring(NamedTuple):
    """What the shared options say.

    Attributes:
        settings: name the model, and cap what it may spend.
        again: ask and pay anew.
        as_json: print the whole report.
        quiet: without progress.
        out: file of the report.
    """

    settings: Settings
    again: bool
    as_json: bool
    quiet: bool
    out: Path | None


def _measuring(
    mllm: Annotated[str | None, dial("mllm", "MODEL", MODELS)] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    max_calls: Annotated[int | None, dial("max_calls", "N", MODELS)] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", rich_help_panel=KEPT, help="Write the whole report, as JSON."
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", envvar="GEMS_JSON", show_envvar=False, metavar="", rich_help_panel=KEPT,
            help="Print the whole report on stdout.",
        ),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", metavar="", rich_help_panel=KEPT,
            help="Ask and pay anew; otherwise what was answered before is taken up.",
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", envvar="GEMS_QUIET", show_envvar=False, metavar="",
            rich_help_panel=KEPT, help="No progress on stderr.",
        ),
    ] = False,
) -> Measuring:  # fmt: skip
    dials = given_options(mllm=mllm, mllm_url=mllm_url, max_calls=max_calls)
    settings = settle(settings_file(config), from_env(), {**pairs_in(assignments or []), **dials})
    return Measuring(settings, again, as_json, quiet, out)


measures = shares("on", _measuring)
"""Gives a command the shared options; it gets what they say as `on`."""
