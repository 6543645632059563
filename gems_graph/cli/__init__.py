"""The command line `gems`."""

from gems_graph.cli.app import app, main

__all__ = ["app", "main"]
