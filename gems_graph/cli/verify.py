"""`gems verify`: is what a picture shows what it should?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    JSON,
    MODELS,
    ROLE,
    SET,
    checklist_in,
    dial,
    given_options,
    pairs_in,
    roles_in,
    settings_file,
)
from gems_graph.cli.terminal.exit_codes import BEST_EFFORT, PASSED
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import explicit, from_env, settle


def verify(
    picture: Annotated[
        str, typer.Argument(help="A file of PNG, JPEG or WebP, or the SHA-256 of one drawn here.")
    ],
    questions: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CRITERIA]...", help="Yes/no questions about the picture."),
    ] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="More of them, one a line, or a JSON list."),
    ] = None,
    wish: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="In their place what the picture should show: it is split."
        ),
    ] = None,
    mllm: Annotated[str | None, dial("mllm", "NAME")] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Have a model look at PICTURE and answer each criterion: yes, no or unsure, and what it saw.

    It knows nothing of how the picture came about. Exit codes: 0 all hold, 3 some do not, 1 nobody
    could look, 2 wrong usage.
    """
    asked = [*(questions or []), *(checklist_in(criteria) if criteria else [])]
    if bool(asked) == bool(wish):
        msg = "Give yes/no criteria about the picture, or --wish with what it should show."
        raise UsageError(msg)
    options = given_options(mllm=mllm, mllm_url=mllm_url, **roles_in(role or []))
    chosen = {**pairs_in(assignments or []), **options}
    settings = settle(settings_file(config), from_env(), chosen)
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.agents.judge import verify as judge
    seen = judge(picture, wish or asked, **explicit(settings))
    text = json.dumps(seen.record, ensure_ascii=False) if as_json else seen.text
    sys.stdout.write(printable(text) + "\n")
    raise typer.Exit(PASSED if seen.success else BEST_EFFORT)
