"""The command line `gems`; its commands are in `app`, loaded when it starts."""

from gems_graph.cli.start import main

__all__ = ["main"]
