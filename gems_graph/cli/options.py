"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any, get_args

import typer

from gems_graph.cli import completing
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import check_text, file_name
from gems_graph.settings import Settings, from_assignments, from_file
from gems_graph.settings.roles import GEMS_ROLES, ILLUSTRATOR, JUDGE

MODELS, GENERATOR, LOOP, LIMITS = "Models", "Generator", "Loop", "Limits"
OTHER, KEPT, MANY = "Any other setting", "Storage and output", "Many prompts"
"""Panels of `--help`; everyday options stand before them."""
PANELS = (MODELS, GENERATOR, LOOP, LIMITS, OTHER, KEPT, MANY)

SET = typer.Option(
    "--set", metavar="NAME=VALUE", rich_help_panel=OTHER,
    help="Any other setting, as `gems settings` lists them; may be repeated.",
)  # fmt: skip
OUT = typer.Option(
    "--out", envvar="GEMS_OUT", show_envvar=False, metavar="DIR", rich_help_panel=KEPT,
    help="Output folder. Never overwrites a run. Default gems-out/THREAD.",
)  # fmt: skip
JSON = typer.Option(
    "--json", envvar="GEMS_JSON", show_envvar=False, metavar="", rich_help_panel=KEPT,
    help="Print the whole record on stdout.",
)  # fmt: skip
INLINE = typer.Option(
    "--inline", envvar="GEMS_INLINE", show_envvar=False, metavar="HOW", rich_help_panel=KEPT,
    autocompletion=completing.words(["auto", "never", "kitty", "iterm2"]),
    help="Show pictures in the terminal. One of auto, never, kitty, iterm2. Default auto: in "
    "Kitty, Ghostty, iTerm2 and WezTerm; never in a pipe or CI.",
)  # fmt: skip
THREAD = typer.Argument(
    metavar="[THREAD]", autocompletion=completing.threads,
    help="The trajectory. Default the one worked on last.",
)  # fmt: skip
STATE = typer.Option("--state", help="Only those in this state, as listed; may be repeated.")
QUIET = typer.Option(
    "--quiet", "-q", envvar="GEMS_QUIET", show_envvar=False, metavar="", rich_help_panel=KEPT,
    help="No progress on stderr; on stdout the file of the picture alone.",
)  # fmt: skip
_ROLES = (*GEMS_ROLES, ILLUSTRATOR, JUDGE)
ROLE = typer.Option(
    "--role", metavar="ROLE=MODEL", rich_help_panel=MODELS,
    help=f"Another model for a role, one of {', '.join(_ROLES)}; may be repeated.",
)  # fmt: skip
CONFIG = typer.Option(
    "--config", envvar="GEMS_CONFIG", show_envvar=False, metavar="FILE", rich_help_panel=OTHER,
    help="TOML file of settings. Default gems.toml here, if there is one.",
)  # fmt: skip
SKILLS = typer.Option(
    "--skills", metavar="DIR", rich_help_panel=LOOP,
    help="Folder of more skills; may be repeated.",
)  # fmt: skip


def dial(name: str, metavar: str, panel: str | None = None) -> Any:
    """Make the option of a setting, described as the setting is.

    Args:
        name: of the setting.
        metavar: stands for its value.
        panel: of `--help`; None: the everyday options.
    """
    field = Settings.model_fields[name]
    parts = [field.description or ""]
    if words := choices(field.annotation):
        parts.append(f"One of {', '.join(words)}.")
    if field.default not in (None, ""):
        parts.append(f"Default {field.default}.")
    panel = _PANEL_OF.get(name, panel) if panel == MODELS else panel
    flag = f"--{name.replace('_', '-')}"
    complete = _COMPLETED.get(name) or (completing.words(words) if words else None)
    return typer.Option(
        flag, metavar=metavar, rich_help_panel=panel, help=" ".join(parts), autocompletion=complete
    )


_PANEL_OF = {
    "generator": GENERATOR, "generator_url": GENERATOR, "size": GENERATOR, "strategy": LOOP,
    "preset": LOOP, "max_iterations": LOOP, "max_calls": LIMITS,
}  # fmt: skip
_COMPLETED = {"strategy": completing.strategies, "generator": completing.generators}


def prose(text: str | None) -> str:
    """Return the help of a command with each paragraph in one line, for the terminal to break."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def choices(annotation: object) -> list[str]:
    """Return the words that a setting may be; none where it takes anything else."""
    return [word for word in get_args(annotation) if isinstance(word, str)]


def settings_file(config: Path | None) -> dict[str, Any]:
    """Read the settings file that is named, or `gems.toml` where it stands."""
    default = Path("gems.toml")
    return from_file(config or default) if config or default.is_file() else {}


def roles_in(assignments: list[str]) -> dict[str, Any]:
    """Read ROLE=MODEL as the setting `roles`; nothing, if there are none."""
    pairs = [assignment.partition("=") for assignment in assignments]
    if wrong := next((name for name, _, model in pairs if not model), None):
        names = ", ".join(_ROLES)
        msg = f"--role takes ROLE=MODEL, not {wrong!r}; the roles of GEMS are {names}."
        raise UsageError(msg)
    roles = {name.strip(): model.strip() for name, _, model in pairs}
    return {"roles": roles} if roles else {}


def given_options(**options: Any) -> dict[str, Any]:
    """Return the options that were given on the command line: those that are not None."""
    return {name: value for name, value in options.items() if value is not None}


def prompt_in(argument: str) -> str:
    """Read a prompt, from stdin if it is `-`.

    Raises:
        UsageError: it is empty, or no UTF-8 text.
    """
    try:
        text = sys.stdin.read() if argument == "-" else argument
        text.encode()
    except UnicodeError as error:
        msg = "The prompt is not UTF-8 text; convert it, or check the locale of your terminal."
        raise UsageError(msg) from error
    if not text.strip():
        msg = "The prompt is empty: say what to draw."
        raise UsageError(msg)
    return text.strip()


def thread_name(thread: str) -> str:
    """Return the name of a thread.

    Raises:
        UsageError: it is no text that a database keeps.
    """
    return check_text(thread, f"The name of the thread {thread[:80]!r}")


def folder_of(thread: str) -> Path:
    """Return a folder for a thread, whatever characters its name has."""
    return Path("gems-out") / file_name(thread)


def pairs_in(assignments: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE; a table as JSON, or TABLE.ENTRY=VALUE."""
    pairs = [assignment.partition("=") for assignment in assignments]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        msg = f"--set takes NAME=VALUE, not {wrong!r}; `gems settings` lists the names."
        raise UsageError(msg)
    return from_assignments({_dial_name(name): value for name, _, value in pairs})


def _dial_name(name: str) -> str:
    dial, dot, entry = name.strip().partition(".")
    return f"{dial.replace('-', '_')}{dot}{entry}"


def checklist_in(file: Path) -> list[str]:
    """Read criteria: a JSON list of strings, or one a line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = json.loads(text) if text.lstrip().startswith("[") else text.splitlines()
    except (OSError, ValueError, RecursionError) as error:
        msg = f"Cannot read criteria from {file}: {error}."
        raise UsageError(msg) from error
    if not all(isinstance(line, str) for line in lines) or not any(map(str.strip, lines)):
        msg = f"{file} holds no criteria: write one yes/no question a line, or a JSON list of them."
        raise UsageError(msg)
    return [line.strip() for line in lines if line.strip()]


def states_in(names: list[str]) -> set[str]:
    """Read states of trajectories."""
    from gems_graph.report.standing import standings_in

    return standings_in(names)
