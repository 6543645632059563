"""Our skill for coding agents, put where they look for skills."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gems_graph.errors import UsageError
from gems_graph.system.replacing import replace_file

PACKAGED = Path(__file__).parent / "skill" / "gems"
"""The skill `gems`, in the form of the Agent Skills standard."""
PROJECT = Path(".agents", "skills")
"""Where agents look in a project."""
USER = Path("~", ".claude", "skills")
"""Where agents look for whoever works here."""
_EARLIER: set[str] = set()
"""SHA-256 of what earlier releases installed, which a later one may replace."""


def folder_of(named: Path | None, *, user: bool) -> Path:
    """Return the folder of skills that is named, the user's, or the project's.

    Raises:
        UsageError: two are asked for.
    """
    if named and user:
        msg = "--to and --user name two folders: leave one out."
        raise UsageError(msg)
    return named or (USER if user else PROJECT)


def install(folder: Path, *, force: bool = False) -> Path:
    """Put the skill `gems` into a folder of skills, and return its file.

    Args:
        folder: of skills; it is made where it does not exist.
        force: also over a file that somebody has changed.

    Raises:
        UsageError: somebody has changed the file, or it cannot be written.
    """
    text = (PACKAGED / "SKILL.md").read_bytes()
    file = folder.expanduser() / PACKAGED.name / "SKILL.md"
    try:
        present = file.read_bytes() if file.exists() else text
        known = present == text or hashlib.sha256(present).hexdigest() in _EARLIER
        if not (known or force):
            msg = f"{file} was changed by hand; --force writes over it, --to names another folder."
            raise UsageError(msg)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, text)
    except OSError as error:
        msg = f"Cannot write {file} ({error.strerror}): name another folder with --to."
        raise UsageError(msg) from error
    return file
