"""`gems mcp`: the tools draw, verify and list_skills for other agents."""

from __future__ import annotations

import asyncio
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
from gems_graph.settings import Settings, from_env, settle

_GRACE = 60  # seconds for a step under way to end


def mcp(
    http: Annotated[
        bool, typer.Option("--http", metavar="", help="Serve over HTTP, not over stdio.")
    ] = False,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Of --http: where it listens.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Of --http; 0: any free one.")
    ] = 8765,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Of --http: another name it is reached under; may be repeated."
        ),
    ] = None,
    mllm: Annotated[str | None, dial("mllm", "NAME")] = None,
    generator: Annotated[str | None, dial("generator", "NAME")] = None,
    max_iterations: Annotated[int | None, dial("max_iterations", "N")] = None,
    strategy: Annotated[str | None, dial("strategy", "NAME", MODELS)] = None,
    preset: Annotated[str | None, dial("preset", "NAME", MODELS)] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    generator_url: Annotated[str | None, dial("generator_url", "URL[,URL]", MODELS)] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    skills: Annotated[list[str] | None, SKILLS] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> None:
    """Serve other agents over the Model Context Protocol: draw, verify, list_skills.

    Over stdio, for a client that starts it; with --http at /gems/mcp of a small server, which shows
    the pictures as well. Settings are those of `gems run`: options, the environment, gems.toml.
    """
    options = given_options(
        mllm=mllm, generator=generator, max_iterations=max_iterations, strategy=strategy,
        preset=preset, mllm_url=mllm_url, generator_url=generator_url, **roles_in(role or []),
    )  # fmt: skip
    chosen = {**pairs_in(assignments or []), **options}
    settings = settle(settings_file(config), from_env(), chosen)
    if skills:
        settings = settle(settings, {"skills": [*settings.skills, *skills]})
    with loading():  # late: `--help` needs no server
        from gems_graph.service.endpoint import installed

        installed()
        from gems_graph.agents.mcp import serve_stdio
    if http:
        _serve(settings, host, port, allow_host or [])
    else:
        asyncio.run(serve_stdio(settings))


def _serve(settings: Settings, host: str, port: int, allowed: list[str]) -> None:
    from gems_graph.service.app import MCP, make_app

    if not is_loopback(host):
        typer.echo("Whoever reaches this address can have pictures drawn at your cost.", err=True)
    app: Any = make_app(settings, hosts=[host, *allowed])
    serve(app, host, port, lambda address: f"MCP at {address}{MCP}", grace=_GRACE)
