"""`gems run --like PICTURE`: what is taken from it, and said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gems_graph.cli.loading import loading
from gems_graph.cli.options import prompt_in
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import Settings

if TYPE_CHECKING:
    from gems_graph.report.recalled import Wish

LIKE = typer.Option(
    "--like", metavar="PICTURE",
    help="Repeat this picture: its request, seed and dials, never its models, servers or files. "
    "A PROMPT and options win.",
)  # fmt: skip


def wish_in(picture: Path) -> Wish:
    """Return what a picture asks for.

    Raises:
        UsageError: it tells nothing, or cannot be read.
    """
    with loading():
        from gems_graph.report.recalled import recalled, wish_of
    return wish_of(recalled(picture), picture)


def prompt_of(prompt: str | None, wish: Wish | None) -> str:
    """Return the prompt that was given, else that of the picture.

    Raises:
        UsageError: there is none.
    """
    if prompt is None and wish and not wish.prompt:
        msg = "The picture does not hold its whole request: give it as PROMPT."
        raise UsageError(msg)
    return prompt_in((prompt if prompt is not None else wish.prompt if wish else "") or "")


def say_taken(wish: Wish, prompt: str, settings: Settings, chosen: dict[str, Any]) -> None:
    """Say on stderr what comes from the picture, and what does not."""
    defaults = Settings()
    taken = [f"the request {prompt!r}"] if prompt == wish.prompt else []
    taken += [
        f"{name} {getattr(settings, name)}"
        for name in wish.dials
        if name not in chosen and getattr(settings, name) != getattr(defaults, name)
    ]
    typer.echo(printable(f"taken from the picture: {', '.join(taken) or 'nothing'}"), err=True)
    for each in wish.left_out:
        typer.echo(printable(f"not taken: {each}"), err=True)
