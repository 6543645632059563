"""What commands that remove have in common: options, the question, spans, sizes in words."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from gems_graph.calls.ledger import in_bytes
from gems_graph.errors import UsageError
from gems_graph.prompting.wording import counted

if TYPE_CHECKING:
    from gems_graph.images import Entry

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")
DRY_RUN = typer.Option("--dry-run", help="Only say what would be removed.")
YES = typer.Option("--yes", "-y", help="Do not ask.")


def agreed(question: str, yes: bool) -> bool:
    """Ask for consent on a terminal; without one, or with `yes`, consent is given."""
    return yes or not sys.stdin.isatty() or typer.confirm(question, err=True)


def seconds_in(span: str) -> float:
    """Read a span of time in seconds."""
    parts = _SPAN.fullmatch(span.strip())
    if not parts:
        msg = f"{span!r} is no span of time: write 30d, 12h, 45m, 90s or 2w."
        raise UsageError(msg)
    return float(parts[1]) * _UNITS[parts[2]]


def verb(dry_run: bool) -> str:
    """Return how the list of files is introduced, with or without removal."""
    return "Would remove" if dry_run else "Removed"


def in_words(files: Sequence[Entry]) -> str:
    """Say how many files there are, and how large."""
    number = counted(len(files), "picture or text", "pictures and texts")
    return f"{number} ({in_bytes(sum(entry.size for entry in files))})"
