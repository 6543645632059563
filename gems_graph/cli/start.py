"""The entry point `gems`: it imports what a command needs only when the command runs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def main() -> None:
    """Run the command line; our errors become one sentence and an exit code."""
    with loading():
        from dotenv import find_dotenv, load_dotenv

        from gems_graph.cli.app import app, exit_code_of
        from gems_graph.errors import GemsError
    load_dotenv(find_dotenv(usecwd=True))
    try:
        app()
    except GemsError as error:
        sys.exit(exit_code_of(error))


@contextmanager
def loading() -> Iterator[None]:
    """Import in here without collecting garbage: what modules define stays anyway.

    The collector would walk it again and again, for a sixth of the time that LangGraph takes.
    What was loaded is left out of later collections as well.
    """
    modules, was_enabled = len(sys.modules), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > modules:
            gc.freeze()
        if was_enabled:
            gc.enable()
