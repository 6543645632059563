"""`gems doctor`: what works, finding by finding."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gems_graph.cli.options import CONFIG, ROLE, dial, given_options, roles_in, settings_file
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import from_env, settle

if TYPE_CHECKING:
    from gems_graph.runs.doctor import Finding

_MARK = {True: "yes", False: "no", None: "-"}


def doctor(
    mllm: Annotated[str | None, dial("mllm", "NAME")] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL")] = None,
    generator: Annotated[str | None, dial("generator", "NAME")] = None,
    generator_url: Annotated[str | None, dial("generator_url", "URL[,URL]")] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> None:
    """Call each configured model and the generator once, and say what works.

    Exit codes: 0 a run can work, 1 it cannot.
    """
    from gems_graph.images import Store
    from gems_graph.runs.doctor import examine

    options = given_options(
        mllm=mllm,
        mllm_url=mllm_url,
        generator=generator,
        generator_url=generator_url,
        **roles_in(role or []),
    )
    settings = settle(settings_file(config), from_env(), options)
    findings = asyncio.run(examine(settings, Store()))
    for finding in findings:
        _print(finding)
    broken = [finding for finding in findings if finding.fatal]
    typer.echo("\nA run can work." if not broken else "\nA run cannot work until this is mended.")
    raise typer.Exit(1 if broken else 0)


def _print(finding: Finding) -> None:
    works = ", ".join(f"{what}: {_MARK[does]}" for what, does in finding.works.items())
    typer.echo(printable(f"{finding.who}\n  {finding.name} ({finding.seconds:.2f} s)  {works}"))
    for remedy in finding.remedies:
        typer.echo(printable(f"  - {remedy}"))
