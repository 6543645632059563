"""`gems skills`: list them, read one, begin one, check some, try which is picked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli import completing
from gems_graph.cli.batch import refuse
from gems_graph.cli.loading import loading
from gems_graph.cli.measuring import Measuring, measures
from gems_graph.cli.options import SKILLS, prompt_in
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import from_env, settle
from gems_graph.skills import Skill, Skills
from gems_graph.skills.checking import check as check_folder
from gems_graph.skills.checking import merged
from gems_graph.skills.folders import skill_files, sources
from gems_graph.skills.names import RULE, fault

BROKEN = 1  # exit code of a check that found something

app = typer.Typer(no_args_is_help=True, help="List, show, begin, check and try skills.")
Folders = Annotated[list[str] | None, SKILLS]

_NEW = """\
---
name: {name}
description: >-
  What this does to a picture. Use when the request ... Not for ... (another-skill). The Planner
  sees nothing else.
---

# {title}

What goes wrong without this skill, and the one idea that helps.

## Rules

1. What to do first, concretely enough to follow.

## Write

How the prompt should read: order and words. Generator notes, where given, decide length and form.

## When it came out wrong

What to change first, and what to leave as it was.
"""


@app.command(name="list")
def list_(skills: Folders = None) -> None:
    """List every skill in use: its name, where it comes from, what it says of itself."""
    in_use = _skills_in_use(skills)
    for skill in in_use.manifest:
        origin = skill.source if skill.source == "packaged" else f"{skill.source}, {skill.file}"
        typer.echo(printable(f"{skill.name} ({origin})\n    {skill.description}"))
    for note in (*in_use.problems, *in_use.notes):
        typer.echo(printable(f"note: {note}"), err=True)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="The skill, by its name.", autocompletion=completing.skills)
    ],
    skills: Folders = None,
) -> None:
    """Show all of a skill: its manifest entry, criteria, files and instructions."""
    in_use = _skills_in_use(skills)
    skill = in_use.find(name)
    if skill is None:
        names = ", ".join(other.name for other in in_use.manifest)
        msg = f"There is no skill {name!r}; there are {names}."
        raise UsageError(msg)
    typer.echo(printable("\n".join(_description(skill))))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name: lowercase letters, digits, hyphens.")],
    folder: Annotated[
        Path, typer.Option("--in", metavar="DIR", help="Folder of skills to put it in.")
    ] = Path(".gems/skills"),
) -> None:
    """Begin a skill: write a SKILL.md to fill in."""
    if not name or fault(name):
        msg = f"A skill cannot be called {name!r}: {RULE}."
        raise UsageError(msg)
    file = folder / name / "SKILL.md"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(_NEW.format(name=name, title=name.replace("-", " ").capitalize()))
    except FileExistsError as error:
        msg = f"{file} is there already; choose another name, or edit it."
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"Cannot write {file} ({error.strerror}); name another folder with --in."
        raise UsageError(msg) from error
    typer.echo(file)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A skill's folder, or one of skills; default: all."),
    ] = None,
) -> None:
    """Check skills against the Agent Skills standard. Exit codes: 0 fine, 1 not, 2 wrong usage."""
    if folder is None:
        dials = settle(from_env())
        skill_sources = sources(dials.skills, local=dials.local_skills)
        folders = [source.folder for source in skill_sources if skill_files(source.folder)]
    else:
        folders = [folder]
    checked = merged([check_folder(skill_folder) for skill_folder in folders])
    for warning in checked.warnings:
        typer.echo(printable(f"warning: {warning}"), err=True)
    for problem in checked.problems:
        typer.echo(printable(problem))
    if checked.problems:
        raise typer.Exit(BROKEN)
    typer.echo("No problems found.")


@app.command(name="try")
@measures
def try_(
    request: Annotated[
        str | None, typer.Argument(help="A request; default: the table of 120 that ships.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A table of your own: JSON lines, request and skill."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="SKILL", help="Of a table, requests for this skill, or `none`."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Of a table, requests at most.")
    ] = None,
    skills: Folders = None,
    *,
    on: Measuring,
) -> None:
    """Ask the Planner's model which skill it would pick: for one request, or a whole table.

    The table is 120 requests with the skill that each should get. It makes as many calls, and says
    so first; what was answered before is not paid again. Exit codes: 0 every request was answered,
    3 some were not, 1 none was, 2 wrong usage.
    """
    folders = [*on.settings.skills, *(skills or [])]
    on = on._replace(settings=on.settings.model_copy(update={"skills": folders}))
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import skill_choice
        from gems_graph.evaluation.skill_requests import PACKAGED, read
    if request is not None:
        refuse({"--data": data, "--only": only, "--limit": limit}, "is for a table of requests.")
        raise typer.Exit(skill_choice.try_one(prompt_in(request), on))
    requests = read(data or PACKAGED, only or (), limit)
    raise typer.Exit(skill_choice.try_all(requests, on))


@app.command()
def install(
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another folder of skills.")
    ] = None,
    user: Annotated[
        bool, typer.Option("--user", metavar="", help="For you everywhere: ~/.claude/skills.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Also over a changed one.")
    ] = False,
) -> None:
    """Teach coding agents to draw until it is right and to verify pictures, by a skill of theirs.

    It is put where agents look in a project: .agents/skills.
    """
    from gems_graph.agents.installing import folder_of
    from gems_graph.agents.installing import install as put

    typer.echo(put(folder_of(to, user=user), force=force))


def _skills_in_use(folders: list[str] | None) -> Skills:
    dials = settle(from_env())
    return Skills([*dials.skills, *(folders or [])], local=dials.local_skills)


def _description(skill: Skill) -> list[str]:
    criteria = [f"criterion: {question}" for question in skill.criteria]
    files = [f"file: {path}" for path in skill.references()]
    keys = [f"{key}: {value}" for key, value in skill.metadata.items()]
    head = [f"name: {skill.name}", f"description: {skill.description}", f"from: {skill.file}"]
    return [*head, *keys, *criteria, *files, "", skill.instructions()]
