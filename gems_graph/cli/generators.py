"""`gems generators`: list what can draw, and draw one picture with one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli import completing
from gems_graph.cli.loading import loading
from gems_graph.cli.options import (
    CONFIG,
    SET,
    dial,
    given_options,
    pairs_in,
    prompt_in,
    settings_file,
)
from gems_graph.prompting.sanitize import file_name, printable
from gems_graph.settings import from_env, settle

app = typer.Typer(help="List generators, or try one.")


@app.callback(invoke_without_command=True)
def list_(context: typer.Context) -> None:
    """List the generators that are installed: what each can do, and what it lacks here."""
    if context.invoked_subcommand:
        return
    from gems_graph.generators.listing import listed

    for each in listed():
        typer.echo(printable(f"{each.name}\n    {each.about}" if each.about else each.name))
        if each.can:
            typer.echo(f"    takes: {', '.join(each.can)}")
        if each.lacks:
            typer.echo(printable(f"    lacks: {each.lacks}"))


@app.command(name="try")
def try_(
    name: Annotated[
        str,
        typer.Argument(
            help="The generator, as `--generator` names it.", autocompletion=completing.generators
        ),
    ],
    prompt: Annotated[str, typer.Option(help="What to draw.")] = "a red fish",
    generator_url: Annotated[str | None, dial("generator_url", "URL")] = None,
    size: Annotated[str | None, dial("size", "WxH")] = None,
    seed: Annotated[int | None, dial("seed", "N")] = None,
    negative: Annotated[str | None, dial("negative", "TEXT")] = None,
    ratio: Annotated[str | None, dial("ratio", "W:H")] = None,
    steps: Annotated[int | None, dial("steps", "N")] = None,
    guidance: Annotated[float | None, dial("guidance", "X")] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write it. Default gems-out/try-NAME.png."),
    ] = None,
) -> None:
    """Draw one picture, and tell where it is, how it was made, and what it took."""
    options = given_options(
        generator=name, generator_url=generator_url, size=size, seed=seed, negative=negative,
        ratio=ratio, steps=steps, guidance=guidance,
    )  # fmt: skip
    chosen = {**pairs_in(assignments or []), **options}
    settings = settle(settings_file(config), from_env(), chosen)
    with loading():  # late: `--help` waits for none of it
        from gems_graph.images import Store
        from gems_graph.report.saving import save_picture
        from gems_graph.runs.trying import try_generator
    text = prompt_in(prompt)
    tried = asyncio.run(try_generator(text, settings, Store()))
    file = out or Path("gems-out") / f"try-{file_name(name)}.png"
    typer.echo(save_picture(tried.image, file, tried.as_state(text, settings)))
    typer.echo(printable(_told(tried.made, tried.image.size, tried.cost)), err=True)


def _told(made: dict[str, Any], size: tuple[int, int], cost: float | None) -> str:
    facts = {name: value for name, value in made.items() if name not in ("seconds", "notes")}
    price = "no price is known" if cost is None else f"cost {cost:g}"
    lines = [f"{size[0]} x {size[1]}, {made['seconds']:.2f} s, {price}"]
    for name, value in facts.items():
        lines.append(f"  {name}: {value if isinstance(value, str) else json.dumps(value)}")
    return "\n".join([*lines, *(f"  note: {note}" for note in made.get("notes", []))])
