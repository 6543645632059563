"""Load a backend by name: our own module of that name, or an entry point of any package."""

from __future__ import annotations

import importlib
import re
import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError

_ROOMS = {"mini": {"models": "gems_graph.mini.chat", "generators": "gems_graph.mini.generator"}}
"""Backends of ours that live in a room of their own."""


def load(room: str, name: str, attribute: str = "open_backend") -> Any:
    """Load what a name stands for in a room: `models`, `generators`, `strategies`; None: nothing.

    That is an entry point of the group `gems_graph.ROOM`, or the attribute of the module
    `gems_graph.ROOM.NAME`; `mini` has a room of its own.

    Raises:
        ConfigError: the backend exists, but a package that it needs does not.
    """
    if entry := _entry_points(room, tuple(sys.path)).get(name):
        return entry.load()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return None
    module = _ROOMS.get(name, {}).get(room, f"gems_graph.{room}.{name}")
    try:
        return getattr(importlib.import_module(module), attribute, None)
    except ModuleNotFoundError as error:
        if error.name == module:
            return None
        msg = f"The backend {name!r} needs the package {error.name!r}; install it with pip."
        raise ConfigError(msg) from error


def names(room: str, attribute: str = "STRATEGY") -> list[str]:
    """Return the names that `load` knows in a room of one file each, ours first."""
    folder = Path(__file__).parent.joinpath(*room.split("."))
    built_in = sorted(
        file.stem
        for file in folder.glob("*.py")
        if hasattr(importlib.import_module(f"gems_graph.{room}.{file.stem}"), attribute)
    )
    return [*built_in, *sorted(_entry_points(room, tuple(sys.path)))]


def generators() -> list[str]:
    """Return the names of all generators, ours first; a file that lacks its package is one, too."""
    return ["mini", *file_names("generators", "\ndef open_backend(")]


def file_names(room: str, mark: str) -> list[str]:
    """Return the names in a room, ours first, without importing any.

    Args:
        room: `generators`, `strategies`, ...
        mark: stands in each of our files that has a name.
    """
    folder = Path(__file__).parent / room
    ours = sorted(file.stem for file in folder.glob("*.py") if mark in file.read_text("utf-8"))
    return [*ours, *sorted(_entry_points(room, tuple(sys.path)))]


@lru_cache(maxsize=16)
def _entry_points(room: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Return the entry points of a room; looked for once, as that reads every package's."""
    return {entry.name: entry for entry in entry_points(group=f"gems_graph.{room}")}
