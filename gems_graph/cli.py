"""The command line: results on stdout, progress on stderr."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import find_dotenv, load_dotenv

from gems_graph import __version__, cli_skills
from gems_graph.errors import ConfigError, GemsError, UsageError
from gems_graph.roles import ROLES
from gems_graph.settings import Settings, from_env, from_file, settle

FAILED, USAGE = 1, 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Draw, check and refine a picture until it is right.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_skills.app, name="skills")


def _dial(name: str) -> Any:
    """Make the option of a setting, described as the setting is."""
    flag = f"--{name.replace('_', '-')}"
    text = f"{Settings.model_fields[name].description} [env: GEMS_{name.upper()}]"
    return typer.Option(flag, help=text, show_default=False)


_SET = typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; see `gems settings`.")
_OUT = typer.Option(
    envvar="GEMS_OUT", help="Output folder; default gems-out/THREAD. Never overwrites a run."
)
_JSON = typer.Option("--json", envvar="GEMS_JSON", help="Print the whole record on stdout.")
_QUIET = typer.Option("--quiet", "-q", envvar="GEMS_QUIET", help="No progress on stderr.")
_ROLE = typer.Option(
    "--role", metavar="ROLE=MODEL", help="Another model for a role; may be repeated."
)
_CONFIG = typer.Option(
    "--config",
    envvar="GEMS_CONFIG",
    help="TOML file of settings; default gems.toml here, if there is one.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Draw, check and refine a picture until it is right."""


@app.command()
def run(
    prompt: Annotated[str, typer.Argument(help="What to draw; `-` reads it from stdin.")],
    mllm: Annotated[str | None, _dial("mllm")] = None,
    mllm_url: Annotated[str | None, _dial("mllm_url")] = None,
    role: Annotated[list[str] | None, _ROLE] = None,
    generator: Annotated[str | None, _dial("generator")] = None,
    max_iterations: Annotated[int | None, _dial("max_iterations")] = None,
    max_skills: Annotated[int | None, _dial("max_skills")] = None,
    preset: Annotated[str | None, _dial("preset")] = None,
    seed: Annotated[int | None, _dial("seed")] = None,
    size: Annotated[str | None, _dial("size")] = None,
    skills: Annotated[
        list[str] | None,
        typer.Option("--skills", metavar="DIR", help="Folder of more skills; may be repeated."),
    ] = None,
    dial: Annotated[list[str] | None, _SET] = None,
    config: Annotated[Path | None, _CONFIG] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            envvar="GEMS_CRITERIA",
            help="File with your own yes/no criteria, one a line, or a JSON list.",
        ),
    ] = None,
    out: Annotated[Path | None, _OUT] = None,
    thread: Annotated[
        str | None,
        typer.Option(
            envvar="GEMS_THREAD", help="Name the trajectory is kept under; default a new one."
        ),
    ] = None,
    as_json: Annotated[bool, _JSON] = False,
    show_context: Annotated[
        bool,
        typer.Option("--show-context", help="Show what Refiner and Compressor are told on stderr."),
    ] = False,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Draw PROMPT, check the picture, and refine it until it is right.

    Exit codes: 0 all criteria passed, 3 a best-effort image, 1 an error and no image, 2 wrong
    usage, 130 Ctrl-C.
    """
    given = {
        "mllm": mllm, "mllm_url": mllm_url, "generator": generator, "seed": seed, "size": size,
        "max_iterations": max_iterations, "max_skills": max_skills, "preset": preset,
        **_roles(role or []),
    }  # fmt: skip
    chosen = {key: value for key, value in given.items() if value is not None}
    # one layer: what is set beside a preset wins over it
    settings = settle(_file(config), from_env(), {**_pairs(dial or []), **chosen})
    if skills:  # they come on top of those that the environment names
        settings = settle(settings, {"skills": [*settings.skills, *skills]})
    text = _prompt(prompt)
    checklist = _checklist(criteria) if criteria else None
    thread = thread or uuid.uuid4().hex[:12]
    wanted = out or _folder(thread)
    from gems_graph import session  # imported late: `--help` needs no LangGraph

    job = session.Job(text, checklist, settings, thread, wanted, show_context)
    raise typer.Exit(session.run(job, as_json=as_json, quiet=quiet))


@app.command()
def resume(
    thread: Annotated[
        str | None, typer.Argument(help="The trajectory; default the one worked on last.")
    ] = None,
    dial: Annotated[list[str] | None, _SET] = None,
    out: Annotated[Path | None, _OUT] = None,
    as_json: Annotated[bool, _JSON] = False,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Take a trajectory up again that was interrupted, or ended on an error or a budget.

    It goes on with the settings that it began with, but for those given by --set; what failed is
    done again. Exit codes as for `gems run`.
    """
    from gems_graph import session

    settings = settle(_pairs(dial or []))
    thread = thread or asyncio.run(session.latest_thread())
    job = session.Job(None, None, settings, thread, out or _folder(thread))
    raise typer.Exit(session.run(job, as_json=as_json, quiet=quiet))


@app.command()
def doctor(
    mllm: Annotated[str | None, _dial("mllm")] = None,
    mllm_url: Annotated[str | None, _dial("mllm_url")] = None,
    generator: Annotated[str | None, _dial("generator")] = None,
    role: Annotated[list[str] | None, _ROLE] = None,
    config: Annotated[Path | None, _CONFIG] = None,
) -> None:
    """Call each configured model and the generator once, and say what works.

    Exit codes: 0 a run can work, 1 it cannot.
    """
    from gems_graph.cli_doctor import doctor as examine

    given = {"mllm": mllm, "mllm_url": mllm_url, "generator": generator, **_roles(role or [])}
    chosen = {key: value for key, value in given.items() if value is not None}
    raise typer.Exit(examine(settle(_file(config), from_env(), chosen)))


@app.command(name="settings")
def show_settings(config: Annotated[Path | None, _CONFIG] = None) -> None:
    """List every setting: name, value in effect, what it does."""
    current = settle(_file(config), from_env())
    for name, field in Settings.model_fields.items():
        typer.echo(f"{name} = {getattr(current, name)!r}\n    {field.description}")


def _folder(thread: str) -> Path:
    """Return a folder for a thread, whatever characters its name has."""
    return Path("gems-out") / re.sub(r"[^\w.-]+", "_", thread).lstrip(".")


def _prompt(argument: str) -> str:
    text = sys.stdin.read() if argument == "-" else argument
    if not text.strip():
        msg = "The prompt is empty: say what to draw."
        raise UsageError(msg)
    return text.strip()


def _file(config: Path | None) -> dict[str, Any]:
    """Read the settings file that is named, or `gems.toml` where it stands."""
    default = Path("gems.toml")
    return from_file(config or default) if config or default.is_file() else {}


def _roles(assignments: list[str]) -> dict[str, Any]:
    """Read ROLE=MODEL."""
    pairs = [assignment.partition("=") for assignment in assignments]
    if wrong := next((name for name, _, model in pairs if not model), None):
        msg = f"--role takes ROLE=MODEL, not {wrong!r}; the roles are {', '.join(ROLES)}."
        raise UsageError(msg)
    roles = {name.strip(): model.strip() for name, _, model in pairs}
    return {"roles": roles} if roles else {}


def _pairs(assignments: list[str]) -> dict[str, str]:
    pairs = [assignment.partition("=") for assignment in assignments]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        msg = f"--set takes NAME=VALUE, not {wrong!r}; `gems settings` lists the names."
        raise UsageError(msg)
    return {name.strip().replace("-", "_"): value for name, _, value in pairs}


def _checklist(file: Path) -> list[str]:
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


def main() -> None:
    """Run the command line; our errors become one sentence and an exit code."""
    load_dotenv(find_dotenv(usecwd=True))
    try:
        app()
    except (UsageError, ConfigError) as error:
        _fail(error, USAGE)
    except GemsError as error:
        _fail(error, FAILED)


def _fail(error: GemsError, code: int) -> None:
    typer.echo(f"gems: {error}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
