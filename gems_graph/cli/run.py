"""`gems run`: draw one prompt, or every prompt of a file."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli import batch, groups
from gems_graph.cli.like import LIKE, prompt_of, say_taken, wish_in
from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    KEPT,
    LOOP,
    SKILLS,
    checklist_in,
    dial,
    folder_of,
    given_options,
    settings_file,
    thread_name,
)
from gems_graph.cli.sharing import said, takes
from gems_graph.settings import Settings, from_env, settle

_DIALS = (groups.models, groups.generator, groups.loop, groups.limits)


@takes(*_DIALS, groups.any_other, groups.output, groups.many)
def run(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="What to draw; `-` reads it from stdin."),
    ] = None,
    mllm: Annotated[str | None, dial("mllm", "NAME")] = None,
    generator: Annotated[str | None, dial("generator", "NAME")] = None,
    size: Annotated[str | None, dial("size", "WxH")] = None,
    seed: Annotated[int | None, dial("seed", "N")] = None,
    max_iterations: Annotated[int | None, dial("max_iterations", "N")] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            envvar="GEMS_CRITERIA", show_envvar=False, metavar="FILE",
            help="Your own yes/no criteria, one a line, or a JSON list.",
        ),
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(
            "--image", metavar="FILE",
            help="A picture for the generator to go by, if it takes any; may be repeated.",
        ),
    ] = None,
    like: Annotated[Path | None, LIKE] = None,
    pause: Annotated[str | None, dial("pause", "WHEN")] = None,
    skills: Annotated[list[str] | None, SKILLS] = None,
    show_context: Annotated[
        bool,
        typer.Option(
            "--show-context", metavar="", rich_help_panel=LOOP,
            help="Show on stderr what Refiner and Compressor are told.",
        ),
    ] = False,
    config: Annotated[Path | None, CONFIG] = None,
    thread: Annotated[
        str | None,
        typer.Option(
            envvar="GEMS_THREAD", show_envvar=False, metavar="NAME", rich_help_panel=KEPT,
            help="Name that the trajectory is kept under. Default a new one.",
        ),
    ] = None,
    **given: Any,
) -> None:  # fmt: skip
    """Draw PROMPT, or every prompt of a file, check each picture, and refine it until it is right.

    Every setting can also stand in the environment (GEMS_SEED=7) or in gems.toml.
    """
    output, many = said(groups.output, given), said(groups.many, given)
    options = given_options(
        mllm=mllm, generator=generator, seed=seed, size=size, max_iterations=max_iterations,
        pause=pause,
    )  # fmt: skip
    for group in _DIALS:
        options |= said(group, given)
    # one layer: what is set beside a preset wins over it
    chosen = {**said(groups.any_other, given), **output.dials, **options}
    wish = wish_in(like) if like else None
    settings = settle(settings_file(config), from_env(), wish.dials if wish else {}, chosen)
    if skills:  # they come on top of those that the environment names
        settings = settle(settings, {"skills": [*settings.skills, *skills]})
    checklist = checklist_in(criteria) if criteria else None
    for_one = {
        "A PROMPT": prompt, "--thread": thread, "--show-context": show_context,
        "--pause": settings.pause != "never", "--image": images, "--like": like,
    }  # fmt: skip
    if many.prompts is not None:
        batch.refuse(for_one, "goes with one picture, not with --prompts.")
        raise typer.Exit(_run_many(settings, checklist, output, many))
    batch.refuse(many.named, "goes with --prompts FILE.")
    text = prompt_of(prompt, wish)
    if wish and not output.quiet:
        say_taken(wish, text, settings, chosen)
    thread = thread_name(thread) if thread else uuid.uuid4().hex[:12]
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import run as terminal
    job = terminal.Job(thread, text, checklist, settings, images=images or ())
    code = terminal.run(
        job, out=output.out or folder_of(thread), show_context=show_context,
        as_json=output.as_json, quiet=output.quiet, inline=output.inline,
    )  # fmt: skip
    raise typer.Exit(code)


def _run_many(
    settings: Settings, checklist: list[str] | None, output: groups.Output, many: groups.Many
) -> int:
    return batch.run_many(
        many.prompts or "", settings, checklist, folder_of, out=output.out,
        concurrency=many.concurrency, shard=many.shard, dry_run=many.dry_run, strips=many.strips,
        as_json=output.as_json, quiet=output.quiet,
    )  # fmt: skip
