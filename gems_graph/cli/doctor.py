"""`gems doctor`: what works, shown as a table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from gems_graph.prompting.sanitize import printable
from gems_graph.settings import Settings

if TYPE_CHECKING:
    from gems_graph.runs.doctor import Finding

_MARK = {True: "yes", False: "no", None: "-"}


def doctor(settings: Settings) -> int:
    """Print a finding for each model and the generator; 0 if a run can work, else 1."""
    from gems_graph import paths  # imported late: `--help` needs none of it
    from gems_graph.images import Store
    from gems_graph.runs.doctor import examine

    findings = asyncio.run(examine(settings, Store(paths.images())))
    for finding in findings:
        _print(finding)
    broken = [finding for finding in findings if finding.fatal]
    typer.echo("\nA run can work." if not broken else "\nA run cannot work until this is mended.")
    return 1 if broken else 0


def _print(finding: Finding) -> None:
    works = ", ".join(f"{what}: {_MARK[does]}" for what, does in finding.works.items())
    typer.echo(printable(f"{finding.who}\n  {finding.name} ({finding.seconds:.2f} s)  {works}"))
    for remedy in finding.remedies:
        typer.echo(printable(f"  - {remedy}"))
