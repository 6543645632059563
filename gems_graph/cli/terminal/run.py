"""A run from the terminal: kept, shown while it goes on, safe to interrupt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from gems_graph.cli.terminal.ahead import loading_ahead
from gems_graph.cli.terminal.context import shows_context
from gems_graph.cli.terminal.exit_codes import WAITING, code_of
from gems_graph.cli.terminal.inline import in_terminal
from gems_graph.cli.terminal.outcome import had_ended, print_interrupted, print_outcome
from gems_graph.cli.terminal.progress import Silent, progress
from gems_graph.cli.terminal.signals import stoppable
from gems_graph.cli.terminal.waiting import ask_person
from gems_graph.errors import GemsError
from gems_graph.images import Store
from gems_graph.persistence.threads import open_threads
from gems_graph.prompting.sanitize import printable
from gems_graph.report import folder as folders
from gems_graph.runs.follow import Job, follow, latest_thread
from gems_graph.runs.outcome import Outcome
from gems_graph.strategies import check_roles, open_strategy

__all__ = ["Job", "latest_thread", "run"]


class Followed(NamedTuple):
    """How far a run came, where its pictures are, and which signal stopped it; 0: none."""

    outcome: Outcome
    store: Store
    signum: int


def run(
    job: Job, *, out: Path, show_context: bool = False, as_json: bool = False, quiet: bool = False,
    inline: str | None = None,
) -> int:  # fmt: skip
    """Run a job, write its folder, tell of it on stdout, and return the exit code.

    What it asks on the way is put to whoever sits at the terminal.

    Args:
        job: what to do.
        out: the folder wanted; one beside it where that holds a run.
        show_context: also show on stderr what the Refiner and the Compressor are told.
        as_json: print the record, or the question that it waits with, as one JSON object.
        quiet: show nothing on the way, and print the picture's file alone.
        inline: how pictures are shown on the way: `auto`, `never`, `kitty`, `iterm2`.

    Raises:
        UsageError: there is no such way to show pictures.
        ConfigError: there is no such strategy or role.
    """
    check_roles(job.settings.roles, open_strategy(job.settings.strategy))
    console = Console(stderr=True)
    say, pictures = _sayer(console), in_terminal(console, inline, Store())
    try:
        while True:
            show = progress(console, quiet=quiet, show=pictures)
            outcome, store, signum = asyncio.run(_follow(job, show, say, show_context))
            if outcome.question is None:
                break
            folder = folders.free_folder(out)
            answer = ask_person(
                outcome.question, job.thread, folder, store, console, as_json=as_json
            )
            if answer is None:
                return WAITING
            job = replace(job, prompt=None, answer=answer)
        if not outcome.state.get("result"):
            return print_interrupted(job.thread, signum)
        kept = folders.folder_with(out, outcome.state) if outcome.idle else None
        if outcome.idle and not quiet:
            say(had_ended(job.thread, outcome.state["result"]))
        return print_outcome(
            outcome.state, store, job.thread, kept or out, signum,
            as_json=as_json, quiet=quiet, is_there=bool(kept),
        )  # fmt: skip
    except GemsError as error:
        say(f"gems: {error}")
        return code_of(error)


async def _follow(
    job: Job, show: Silent, say: Callable[[str], None], show_context: bool
) -> Followed:
    async with open_threads() as threads:
        toolbox = shows_context(threads.store, say) if show_context else None
        with stoppable(say) as signals, show:
            work = follow(
                threads, job, loading_ahead(show.take), stopper=signals.stopper, toolbox=toolbox
            )
            outcome = await signals.until_stopped(work)
    return Followed(outcome, threads.store, signals.signum if outcome.stopped_by else 0)


def _sayer(console: Console) -> Callable[[str], None]:
    """Print above the live table, exactly as it stands."""

    def say(text: str) -> None:
        console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    return say
