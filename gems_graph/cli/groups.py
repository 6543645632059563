"""Groups of options that `run`, `fork` and `resume` share; each is a panel of `--help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from gems_graph.cli import batch
from gems_graph.cli.options import (
    GENERATOR,
    INLINE,
    JSON,
    KEPT,
    LIMITS,
    LOOP,
    MODELS,
    OUT,
    QUIET,
    ROLE,
    SET,
    dial,
    given_options,
    pairs_in,
    roles_in,
)

Dials = dict[str, Any]


def models(
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    temperature: Annotated[float | None, dial("temperature", "X", MODELS)] = None,
) -> Dials:
    """Return who is asked, as far as it was said."""
    return given_options(mllm_url=mllm_url, temperature=temperature, **roles_in(role or []))


def generator(
    generator_url: Annotated[str | None, dial("generator_url", "URL[,URL]", GENERATOR)] = None,
    negative: Annotated[str | None, dial("negative", "TEXT", GENERATOR)] = None,
    ratio: Annotated[str | None, dial("ratio", "W:H", GENERATOR)] = None,
    steps: Annotated[int | None, dial("steps", "N", GENERATOR)] = None,
    guidance: Annotated[float | None, dial("guidance", "X", GENERATOR)] = None,
    variations: Annotated[int | None, dial("variations", "N", GENERATOR)] = None,
    edit: Annotated[bool | None, dial("edit", "", GENERATOR)] = None,
) -> Dials:
    """Return how the generator draws, as far as it was said."""
    return given_options(
        generator_url=generator_url, negative=negative, ratio=ratio, steps=steps,
        guidance=guidance, variations=variations, edit=edit,
    )  # fmt: skip


def loop(
    strategy: Annotated[str | None, dial("strategy", "NAME", LOOP)] = None,
    preset: Annotated[str | None, dial("preset", "NAME", LOOP)] = None,
    max_skills: Annotated[int | None, dial("max_skills", "N", LOOP)] = None,
) -> Dials:
    """Return how the loop goes, as far as it was said."""
    return given_options(strategy=strategy, preset=preset, max_skills=max_skills)


def limits(
    max_images: Annotated[int | None, dial("max_images", "N", LIMITS)] = None,
    max_calls: Annotated[int | None, dial("max_calls", "N", LIMITS)] = None,
    max_seconds: Annotated[float | None, dial("max_seconds", "S", LIMITS)] = None,
    max_cost: Annotated[float | None, dial("max_cost", "MONEY", LIMITS)] = None,
) -> Dials:
    """Return what may be spent, as far as it was said."""
    return given_options(
        max_images=max_images, max_calls=max_calls, max_seconds=max_seconds, max_cost=max_cost
    )


def any_other(assignments: Annotated[list[str] | None, SET] = None) -> Dials:
    """Return whatever else was set."""
    return pairs_in(assignments or [])


class Output(NamedTuple):
    """Where a run is written, and what is shown of it.

    Attributes:
        out: the folder; None: the usual one.
        dials: what pictures carry.
        as_json: print the record.
        quiet: print the picture's file alone.
        inline: how pictures are shown in the terminal; None: as it can.
    """

    out: Path | None
    dials: Dials
    as_json: bool
    quiet: bool
    inline: str | None


def output(
    out: Annotated[Path | None, OUT] = None,
    metadata: Annotated[
        bool | None,
        typer.Option(
            "--metadata/--no-metadata", metavar="", rich_help_panel=KEPT,
            help="Pictures carry request, prompt, seed, models, dials and verdict, or nothing but "
            "pixels. Default they do.",
        ),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    inline: Annotated[str | None, INLINE] = None,
) -> Output:  # fmt: skip
    """Return where a run is written, and what is shown of it."""
    return Output(out, given_options(metadata=metadata), as_json, quiet, inline)


class Many(NamedTuple):
    """What was said of many prompts."""

    prompts: str | None
    concurrency: int | None
    shard: str | None
    dry_run: bool
    strips: bool

    @property
    def named(self) -> dict[str, object]:
        """What was said, by option, of what goes with a file of prompts alone."""
        return {
            "--concurrency": self.concurrency, "--shard": self.shard, "--dry-run": self.dry_run,
            "--strips": self.strips,
        }  # fmt: skip


def many(
    prompts: Annotated[str | None, batch.PROMPTS] = None,
    concurrency: Annotated[int | None, batch.CONCURRENCY] = None,
    shard: Annotated[str | None, batch.SHARD] = None,
    dry_run: Annotated[bool, batch.DRY_RUN] = False,
    strips: Annotated[bool, batch.STRIPS] = False,
) -> Many:
    """Return what was said of many prompts."""
    return Many(prompts, concurrency, shard, dry_run, strips)
