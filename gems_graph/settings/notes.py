"""How well-known image models like to be addressed, by name."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path


def known_notes(name: str) -> str | None:
    """Return the notes on a model by its name, with or without who made it; None: unknown.

    A name may go on where the table's ends: `Qwen/Qwen-Image-2512` is `qwen-image`.
    """
    words = re.split(r"[/:]", name.strip().casefold())[-1]
    fitting = [known for known in _table() if re.match(rf"{re.escape(known)}(?![^-_.])", words)]
    return _table()[max(fitting, key=len)] if fitting else None


@cache
def _table() -> dict[str, str]:
    text = (Path(__file__).parent / "notes.toml").read_text(encoding="utf-8")
    return {name: " ".join(note.split()) for name, note in tomllib.loads(text)["notes"].items()}
