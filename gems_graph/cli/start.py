"""The entry point `gems`: it imports what a command needs only when the command runs."""

from __future__ import annotations

import sys

from gems_graph.cli.loading import loading


def main() -> None:
    """Run the command line; our errors become one sentence and an exit code."""
    with loading():
        from dotenv import find_dotenv, load_dotenv

        from gems_graph.cli.app import app, exit_code_of
        from gems_graph.errors import GemsError
        from gems_graph.traces.export import export_if_asked
    load_dotenv(find_dotenv(usecwd=True))
    try:
        export_if_asked()
        app()
    except GemsError as error:
        sys.exit(exit_code_of(error))
