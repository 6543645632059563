"""`gems run`: draw one prompt, or every prompt of a file."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated

import typer

from gems_graph.cli import batch
from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    JSON,
    KEPT,
    MODELS,
    OUT,
    QUIET,
    ROLE,
    SET,
    SKILLS,
    checklist_in,
    dial,
    folder_of,
    given_options,
    pairs_in,
    prompt_in,
    roles_in,
    settings_file,
    thread_name,
)
from gems_graph.settings import from_env, settle

EPILOG = """\
Exit codes: 0 passed or accepted, 3 a best effort, 1 an error and no picture,
2 wrong usage, 4 waiting for a person, 130 Ctrl-C.

Examples:
  gems run "two red fish left of a blue house" --seed 1
  gems run "a fox reading a newspaper" --mllm openai:gpt-5 \\
      --generator http:http://localhost:8000/generate
  gems run "a poster that says OPEN" --pause both
  gems run --prompts prompts.jsonl --out pictures --dry-run"""


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
    pause: Annotated[str | None, dial("pause", "WHEN")] = None,
    out: Annotated[Path | None, OUT] = None,
    strategy: Annotated[str | None, dial("strategy", "NAME", MODELS)] = None,
    preset: Annotated[str | None, dial("preset", "NAME", MODELS)] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    generator_url: Annotated[str | None, dial("generator_url", "URL[,URL]", MODELS)] = None,
    negative: Annotated[str | None, dial("negative", "TEXT", MODELS)] = None,
    ratio: Annotated[str | None, dial("ratio", "W:H", MODELS)] = None,
    steps: Annotated[int | None, dial("steps", "N", MODELS)] = None,
    guidance: Annotated[float | None, dial("guidance", "X", MODELS)] = None,
    variations: Annotated[int | None, dial("variations", "N", MODELS)] = None,
    edit: Annotated[bool | None, dial("edit", "", MODELS)] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    skills: Annotated[list[str] | None, SKILLS] = None,
    max_skills: Annotated[int | None, dial("max_skills", "N", MODELS)] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    thread: Annotated[
        str | None,
        typer.Option(
            envvar="GEMS_THREAD", show_envvar=False, metavar="NAME", rich_help_panel=KEPT,
            help="Name that the trajectory is kept under. Default a new one.",
        ),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
    show_context: Annotated[
        bool,
        typer.Option(
            "--show-context", metavar="", rich_help_panel=KEPT,
            help="Show on stderr what Refiner and Compressor are told.",
        ),
    ] = False,
    quiet: Annotated[bool, QUIET] = False,
    prompts: Annotated[str | None, batch.PROMPTS] = None,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    shard: Annotated[str | None, batch.SHARD] = None,
    dry_run: Annotated[bool, batch.DRY_RUN] = False,
    strips: Annotated[bool, batch.STRIPS] = False,
) -> None:  # fmt: skip
    """Draw PROMPT, or every prompt of a file, check each picture, and refine it until it is right.

    Every setting can also stand in the environment (GEMS_SEED=7) or in gems.toml.
    """
    options = given_options(
        mllm=mllm, mllm_url=mllm_url, generator=generator, seed=seed, size=size,
        max_iterations=max_iterations, max_skills=max_skills, preset=preset, pause=pause,
        generator_url=generator_url, negative=negative, ratio=ratio, steps=steps,
        guidance=guidance, variations=variations, edit=edit, strategy=strategy,
        **roles_in(role or []),
    )  # fmt: skip
    # one layer: what is set beside a preset wins over it
    chosen = {**pairs_in(assignments or []), **options}
    settings = settle(settings_file(config), from_env(), chosen)
    if skills:  # they come on top of those that the environment names
        settings = settle(settings, {"skills": [*settings.skills, *skills]})
    checklist = checklist_in(criteria) if criteria else None
    if prompts is not None:
        for_one = {
            "A PROMPT": prompt, "--thread": thread, "--show-context": show_context,
            "--pause": settings.pause != "never", "--image": images,
        }  # fmt: skip
        batch.refuse(for_one, "goes with one picture, not with --prompts.")
        code = batch.run_many(
            prompts, settings, checklist, folder_of, out=out, concurrency=concurrency,
            shard=shard, dry_run=dry_run, strips=strips, as_json=as_json, quiet=quiet,
        )  # fmt: skip
        raise typer.Exit(code)
    for_many = {
        "--concurrency": concurrency, "--shard": shard, "--dry-run": dry_run, "--strips": strips,
    }  # fmt: skip
    batch.refuse(for_many, "goes with --prompts FILE.")
    text = prompt_in(prompt or "")
    thread = thread_name(thread) if thread else uuid.uuid4().hex[:12]
    with loading():  # late: `--help` needs no LangGraph
        from gems_graph.cli.terminal import run as terminal
    job = terminal.Job(thread, text, checklist, settings, images=images or ())
    code = terminal.run(
        job, out=out or folder_of(thread), show_context=show_context, as_json=as_json, quiet=quiet
    )
    raise typer.Exit(code)
