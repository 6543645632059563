"""What several commands take, and how it is read."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import file_name

SET = typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; see `gems settings`.")
OUT = typer.Option(
    envvar="GEMS_OUT", help="Output folder; default gems-out/THREAD. Never overwrites a run."
)
JSON = typer.Option("--json", envvar="GEMS_JSON", help="Print the whole record on stdout.")
STATE = typer.Option("--state", help="Only those in this state, as listed; may be repeated.")
QUIET = typer.Option("--quiet", "-q", envvar="GEMS_QUIET", help="No progress on stderr.")


def named(thread: str) -> str:
    """Return the name of a thread, if it can be one."""
    try:
        thread.encode()
    except UnicodeError as error:
        msg = f"The thread {thread!r} is not UTF-8 text; name another."
        raise UsageError(msg) from error
    return thread


def folder_of(thread: str) -> Path:
    """Return a folder for a thread, whatever characters its name has."""
    return Path("gems-out") / file_name(thread)


def pairs_in(assignments: list[str]) -> dict[str, str]:
    """Read NAME=VALUE."""
    pairs = [assignment.partition("=") for assignment in assignments]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        msg = f"--set takes NAME=VALUE, not {wrong!r}; `gems settings` lists the names."
        raise UsageError(msg)
    return {name.strip().replace("-", "_"): value for name, _, value in pairs}


def checklist_in(file: Path) -> list[str]:
    """Read criteria: a JSON list of strings, or one a line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = json.loads(text) if text.lstrip().startswith("[") else text.splitlines()
    except (OSError, ValueError) as error:
        msg = f"Cannot read criteria from {file}: {error}."
        raise UsageError(msg) from error
    if not all(isinstance(line, str) for line in lines) or not any(map(str.strip, lines)):
        msg = f"{file} holds no criteria: write one yes/no question a line, or a JSON list of them."
        raise UsageError(msg)
    return [line.strip() for line in lines if line.strip()]


def states_in(wanted: list[str]) -> set[str]:
    """Read states of trajectories."""
    from gems_graph.report.standing import standings_in

    return standings_in(wanted)
