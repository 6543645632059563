"""`gems ui`: the page, served to this machine or to a few people."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    MODELS,
    ROLE,
    SET,
    SKILLS,
    dial,
    given_options,
    pairs_in,
    roles_in,
    settings_file,
)
from gems_graph.cli.serving import is_loopback, serve
from gems_graph.errors import ConfigError, UsageError
from gems_graph.settings import from_env, settle

_GRACE = 2  # seconds: browsers that watch a run keep their connection open


def ui(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0: any free one.")
    ] = 8501,
    password: Annotated[
        str,
        typer.Option(
            envvar="GEMS_UI_PASSWORD", show_envvar=True, metavar="TEXT",
            help="That everybody must know; better in the environment than here.",
        ),
    ] = "",
    shared: Annotated[
        bool | None,
        typer.Option(
            "--shared/--private",
            help="Whether all see and change all trajectories, or each only their own. "
            "Default shared on this machine, private elsewhere.",
        ),
    ] = None,
    at_once: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="Pictures drawn side by side.")
    ] = 2,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name it is reached under; may be repeated."),
    ] = None,
    anybody: Annotated[
        bool,
        typer.Option("--anybody", metavar="", help="Serve other machines without a password."),
    ] = False,
    mllm: Annotated[str | None, dial("mllm", "NAME", MODELS)] = None,
    generator: Annotated[str | None, dial("generator", "NAME", MODELS)] = None,
    preset: Annotated[str | None, dial("preset", "NAME", MODELS)] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    generator_url: Annotated[str | None, dial("generator_url", "URL[,URL]", MODELS)] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    skills: Annotated[list[str] | None, SKILLS] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> None:  # fmt: skip
    """Serve the page: draw, watch, stop, answer, branch off, compare, look back.

    A picture goes on when the tab is closed, and is found again after a restart. Settings are those
    of `gems run`; elsewhere than on this machine, nobody may name models, files or caps.
    """
    here = is_loopback(host)
    if not (here or password or anybody):
        msg = (
            f"Whoever reaches {host} could draw at your cost: set a password in GEMS_UI_PASSWORD, "
            "or say --anybody."
        )
        raise UsageError(msg)
    options = given_options(
        mllm=mllm, generator=generator, preset=preset, mllm_url=mllm_url,
        generator_url=generator_url, **roles_in(role or []),
    )  # fmt: skip
    settings = settle(settings_file(config), from_env(), {**pairs_in(assignments or []), **options})
    if skills:
        settings = settle(settings, {"skills": [*settings.skills, *skills]})
    if not (importlib.util.find_spec("starlette") and importlib.util.find_spec("uvicorn")):
        msg = "The page needs Starlette and uvicorn: pip install 'gems-graph[ui]'."
        raise ConfigError(msg)
    with loading():  # late: `--help` needs no server
        from gems_graph.page.app import make_page
    app: Any = make_page(
        settings, password=password, here=here, at_once=at_once, hosts=[host, *(allow_host or [])],
        everybody=here if shared is None else shared,
    )  # fmt: skip
    serve(app, host, port, lambda address: f"The page: {address}", grace=_GRACE)
