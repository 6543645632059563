"""The command line: results on stdout, progress on stderr."""

from __future__ import annotations

from typing import Annotated

import typer

from gems_graph import __version__
from gems_graph.cli import eval as evaluation
from gems_graph.cli import generators, skills
from gems_graph.cli.compare import compare
from gems_graph.cli.doctor import doctor
from gems_graph.cli.examples import add_examples
from gems_graph.cli.fork import fork
from gems_graph.cli.gc import gc
from gems_graph.cli.history import history
from gems_graph.cli.mcp import mcp
from gems_graph.cli.options import prose
from gems_graph.cli.report import report
from gems_graph.cli.resume import resume
from gems_graph.cli.rm import rm
from gems_graph.cli.run import run
from gems_graph.cli.settings import settings
from gems_graph.cli.show import show
from gems_graph.cli.strategies import strategies
from gems_graph.cli.terminal.exit_codes import FAILED, USAGE
from gems_graph.cli.ui import ui
from gems_graph.cli.verify import verify
from gems_graph.errors import ConfigError, GemsError, UsageError
from gems_graph.prompting.sanitize import printable

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Draw, check and refine a picture until it is right.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PANELS = {
    "Draw": (run, resume, fork, verify),
    "Measure": (compare,),
    "Look back": (show, report, history),
    "Serve": (ui, mcp),
    "Set up": (doctor, settings, strategies),
    "Clean up": (rm, gc),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(help=prose(_command.__doc__), rich_help_panel=_panel)(_command)
app.add_typer(generators.app, name="generators", rich_help_panel="Set up")
app.add_typer(skills.app, name="skills", rich_help_panel="Set up")
app.add_typer(evaluation.app, name="eval", rich_help_panel="Measure")
add_examples(app)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, metavar="", help="Show the version."
        ),
    ] = False,
) -> None:
    """Draw, check and refine a picture until it is right."""


def exit_code_of(error: GemsError) -> int:
    """Say one sentence on stderr, and return the exit code."""
    typer.echo(printable(f"gems: {error}"), err=True)
    return USAGE if isinstance(error, UsageError | ConfigError) else FAILED
