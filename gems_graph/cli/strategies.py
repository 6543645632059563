"""`gems strategies`: list the ways in which pictures can be made, or draw the graph of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli import completing
from gems_graph.cli.loading import loading
from gems_graph.cli.options import CONFIG, SET, pairs_in, settings_file
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted
from gems_graph.settings import Settings, from_env, settle


def strategies(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Print its graph, as Mermaid.",
            autocompletion=completing.strategies,
        ),
    ] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> None:  # fmt: skip
    """List the strategies that are installed, with whom each asks and how many pictures it draws.

    Use one with gems run --strategy NAME.
    """
    settings = settle(settings_file(config), from_env(), pairs_in(assignments or []))
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph import build_graph, plugins
        from gems_graph.strategies import open_strategy
    if name:
        typer.echo(build_graph(strategy=name).get_graph().draw_mermaid())
        return
    for each in plugins.names("strategies"):
        typer.echo(printable(_told(open_strategy(each), settings)))


def _told(strategy: Any, settings: Settings) -> str:
    least, most = strategy.rounds(settings)
    pictures = counted(most, "picture") if least == most else f"{least} to {most} pictures"
    roles = ", ".join(strategy.all_roles) or "nobody"
    lacks = f"\n    lacks: {strategy.lacks}" if strategy.lacks else ""
    return f"{strategy.name}\n    {strategy.summary}\n    draws {pictures}; asks {roles}{lacks}"
