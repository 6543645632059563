"""`gems settings`: every setting, and what it is now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli.options import CONFIG, settings_file
from gems_graph.settings import Settings, from_env, settle


def settings(config: Annotated[Path | None, CONFIG] = None) -> None:
    """List every setting: name, value in effect, what it does."""
    current = settle(settings_file(config), from_env())
    for name, field in Settings.model_fields.items():
        typer.echo(f"{name} = {getattr(current, name)!r}\n    {field.description}")
