"""Where skills come from: folders in order of rank, and the skill files in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from gems_graph.errors import ConfigError
from gems_graph.paths import data_folder

FILES = ("SKILL.md", "skill.md")


class Source(NamedTuple):
    """A folder of skills, and what kind of source it is."""

    kind: str
    folder: Path


def user_folder() -> Path:
    """Return the user's own folder of skills; it need not exist."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join("~", ".config")
    return _absolute(os.path.join(config, "gems", "skills"))


def project_folder() -> Path:
    """Return the folder of skills of the project we are in; it need not exist."""
    return _absolute(os.path.join(".gems", "skills"))


def sources(folders: Iterable[str | Path], *, local: bool = True) -> Iterator[Source]:
    """Yield the folders that skills come from, the lowest in rank first.

    Args:
        folders: named on purpose, so that a missing one is an error.
        local: also the user's folder and the project's, where they exist.

    Raises:
        ConfigError: a named folder does not exist.
    """
    yield Source("packaged", data_folder("skills"))
    for kind, folder in (("user", user_folder()), ("project", project_folder())):
        if local and os.path.isdir(folder):  # a home we may not look into is none
            yield Source(kind, folder)
    for named in folders:
        folder = _absolute(named)
        if not os.path.isdir(folder):
            msg = f"The skill folder {str(named)!r} does not exist; create it or drop it."
            raise ConfigError(msg)
        yield Source("folder", folder)


def skill_file(folder: Path) -> Path | None:
    """Return the skill file of a folder, if it is a skill's."""
    return next((folder / name for name in FILES if os.path.lexists(folder / name)), None)


def skill_files(folder: Path) -> list[Path]:
    """Return the skill files in a folder of skills, by name; a skill's own folder is one, too.

    Raises:
        OSError: the folder cannot be read.
    """
    if own_file := skill_file(folder):
        return [own_file]
    inside = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    return [file for each in inside if (file := skill_file(each))]


def _absolute(folder: str | Path) -> Path:
    return Path(os.path.abspath(os.path.expanduser(folder)))
