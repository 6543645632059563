"""The command line: results on stdout, progress on stderr."""

from __future__ import annotations

import asyncio
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import find_dotenv, load_dotenv

from gems_graph import __version__
from gems_graph.cli import batch, clean, fork, history, skills
from gems_graph.cli.options import JSON, OUT, QUIET, SET, checklist_in, folder_of, named, pairs_in
from gems_graph.cli.terminal.exit_codes import FAILED, USAGE
from gems_graph.errors import ConfigError, GemsError, UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import Settings, from_env, from_file, settle
from gems_graph.settings.roles import ROLES

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Draw, check and refine a picture until it is right.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(skills.app, name="skills")
for _command in (*history.COMMANDS, fork.fork, *clean.COMMANDS):
    app.command()(_command)


def _dial(name: str) -> Any:
    """Make the option of a setting, described as the setting is."""
    flag = f"--{name.replace('_', '-')}"
    text = f"{Settings.model_fields[name].description} [env: GEMS_{name.upper()}]"
    return typer.Option(flag, help=text, show_default=False)


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
    prompt: Annotated[
        str | None, typer.Argument(help="What to draw; `-` reads it from stdin.")
    ] = None,
    prompts: Annotated[str | None, batch.PROMPTS] = None,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    dry_run: Annotated[bool, batch.DRY_RUN] = False,
    mllm: Annotated[str | None, _dial("mllm")] = None,
    mllm_url: Annotated[str | None, _dial("mllm_url")] = None,
    role: Annotated[list[str] | None, _ROLE] = None,
    generator: Annotated[str | None, _dial("generator")] = None,
    max_iterations: Annotated[int | None, _dial("max_iterations")] = None,
    max_skills: Annotated[int | None, _dial("max_skills")] = None,
    preset: Annotated[str | None, _dial("preset")] = None,
    pause: Annotated[str | None, _dial("pause")] = None,
    seed: Annotated[int | None, _dial("seed")] = None,
    size: Annotated[str | None, _dial("size")] = None,
    skills: Annotated[
        list[str] | None,
        typer.Option("--skills", metavar="DIR", help="Folder of more skills; may be repeated."),
    ] = None,
    dial: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, _CONFIG] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            envvar="GEMS_CRITERIA",
            help="File with your own yes/no criteria, one a line, or a JSON list.",
        ),
    ] = None,
    out: Annotated[Path | None, OUT] = None,
    thread: Annotated[
        str | None,
        typer.Option(
            envvar="GEMS_THREAD", help="Name the trajectory is kept under; default a new one."
        ),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
    show_context: Annotated[
        bool,
        typer.Option("--show-context", help="Show what Refiner and Compressor are told on stderr."),
    ] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Draw PROMPT, or every prompt of a file, check each picture, and refine it until it is right.

    Exit codes: 0 all criteria passed or accepted, 3 a best-effort image, 1 an error and no image,
    2 wrong usage, 4 waiting for a person (--pause), 130 Ctrl-C.
    """
    given = {
        "mllm": mllm, "mllm_url": mllm_url, "generator": generator, "seed": seed, "size": size,
        "max_iterations": max_iterations, "max_skills": max_skills, "preset": preset,
        "pause": pause, **_roles(role or []),
    }  # fmt: skip
    chosen = {key: value for key, value in given.items() if value is not None}
    # one layer: what is set beside a preset wins over it
    settings = settle(_file(config), from_env(), {**pairs_in(dial or []), **chosen})
    if skills:  # they come on top of those that the environment names
        settings = settle(settings, {"skills": [*settings.skills, *skills]})
    checklist = checklist_in(criteria) if criteria else None
    if prompts is not None:
        single = {
            "A PROMPT": prompt, "--thread": thread, "--show-context": show_context,
            "--pause": settings.pause != "never",
        }  # fmt: skip
        batch.refuse(single, "goes with one picture, not with --prompts.")
        code = batch.run_many(
            prompts, settings, checklist, folder_of, out=out, concurrency=concurrency,
            dry_run=dry_run, as_json=as_json, quiet=quiet,
        )  # fmt: skip
        raise typer.Exit(code)
    many = {"--concurrency": concurrency, "--dry-run": dry_run}
    batch.refuse(many, "goes with --prompts FILE.")
    text = _prompt(prompt or "")
    thread = named(thread) if thread else uuid.uuid4().hex[:12]
    wanted = out or folder_of(thread)
    from gems_graph.cli.terminal import (
        run as terminal,  # imported late: `--help` needs no LangGraph
    )

    job = terminal.Job(thread, text, checklist, settings)
    code = terminal.run(job, out=wanted, show_context=show_context, as_json=as_json, quiet=quiet)
    raise typer.Exit(code)


@app.command()
def resume(
    thread: Annotated[
        str | None, typer.Argument(help="The trajectory; default the one worked on last.")
    ] = None,
    everything: Annotated[bool, batch.ALL] = False,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    criteria: Annotated[
        Path | None, typer.Option(help="Answer: the criteria as they should be, one a line.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help="Answer: the prompt to draw next, as written.")
    ] = None,
    verdict: Annotated[
        list[str] | None,
        typer.Option(metavar="N=yes", help="Answer: overrule a verdict; may be repeated."),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Answer: take this picture.")] = False,
    go_on: Annotated[bool, typer.Option("--go-on", help="Answer: just go on.")] = False,
    dial: Annotated[list[str] | None, SET] = None,
    out: Annotated[Path | None, OUT] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Take a trajectory up again that was interrupted, or ended on an error or a budget.

    It goes on with the settings that it began with, but for those given by --set; what failed is
    done again. One that waits for a person (--pause) is answered on the terminal, or by options.
    Exit codes as for `gems run`.
    """
    from gems_graph.cli.terminal import run as terminal
    from gems_graph.cli.terminal.dialogue import rulings

    given = {
        "criteria": checklist_in(criteria) if criteria else None,
        "prompt": None if prompt is None else _prompt(prompt),
        "verdicts": rulings(verdict or []) or None, "accept": accept or None,
    }  # fmt: skip
    answer = {name: value for name, value in given.items() if value is not None} or go_on or None
    settings = settle(pairs_in(dial or []))
    if everything:
        batch.refuse({"A THREAD": thread, "An answer": answer}, "goes without --all.")
        code = batch.resume_many(
            settings, folder_of, out=out, concurrency=concurrency, as_json=as_json, quiet=quiet
        )
        raise typer.Exit(code)
    batch.refuse({"--concurrency": concurrency}, "goes with --all.")
    thread = named(thread) if thread else asyncio.run(terminal.latest_thread())
    job = terminal.Job(thread, settings=settings, answer=answer)
    code = terminal.run(job, out=out or folder_of(thread), as_json=as_json, quiet=quiet)
    raise typer.Exit(code)


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
    from gems_graph.cli.doctor import doctor as examine

    given = {"mllm": mllm, "mllm_url": mllm_url, "generator": generator, **_roles(role or [])}
    chosen = {key: value for key, value in given.items() if value is not None}
    raise typer.Exit(examine(settle(_file(config), from_env(), chosen)))


@app.command(name="settings")
def show_settings(config: Annotated[Path | None, _CONFIG] = None) -> None:
    """List every setting: name, value in effect, what it does."""
    current = settle(_file(config), from_env())
    for name, field in Settings.model_fields.items():
        typer.echo(f"{name} = {getattr(current, name)!r}\n    {field.description}")


def _prompt(argument: str) -> str:
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
    typer.echo(printable(f"gems: {error}"), err=True)
    sys.exit(code)
