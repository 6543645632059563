"""Edit a text in the user's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from gems_graph.errors import UsageError

Edit = Callable[[str], str]


def editor() -> Edit | None:
    """Return a way to edit a text as `VISUAL` or `EDITOR` says; None: neither is set."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    return (lambda text: _edit(command, text)) if command else None


def _edit(command: str, text: str) -> str:
    with tempfile.TemporaryDirectory(prefix="gems-") as folder:
        file = Path(folder) / "gems.txt"
        file.write_text(f"{text}\n", encoding="utf-8")
        try:
            subprocess.run([*shlex.split(command), str(file)], check=True)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            msg = f"The editor {command!r} failed ({error}); set EDITOR to another, or unset it."
            raise UsageError(msg) from error
        return file.read_text(encoding="utf-8", errors="replace")
