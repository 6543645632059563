"""`gems run --prompts` and `gems resume --all`: many trajectories at once, from the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from gems_graph import paths
from gems_graph.batch import folders
from gems_graph.batch.estimate import estimate
from gems_graph.batch.plan import Done, Task, changed, finished, plan
from gems_graph.batch.prompt_file import SUMMARY, read
from gems_graph.batch.runner import Runner
from gems_graph.batch.summary import Record, Summary, drawn
from gems_graph.cli.terminal.batch_output import End, Manner, code, note, tell, tell_record
from gems_graph.cli.terminal.batch_progress import Tally, board
from gems_graph.cli.terminal.run import PASSED
from gems_graph.generators import open_generator
from gems_graph.images import Store
from gems_graph.models import open_chat
from gems_graph.persistence.locks import claim
from gems_graph.persistence.open_ends import OpenEnds, open_ends
from gems_graph.persistence.threads import open_threads
from gems_graph.prompting.sanitize import printable
from gems_graph.runs.stopping import stoppable
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.roles import ROLES


class Work(NamedTuple):
    """What a batch has to do, and what was done before."""

    tasks: list[Task]
    todo: list[Task]
    before: list[Record]


def run_prompts(
    source: str,
    settings: Settings,
    criteria: Sequence[str] | None,
    manner: Manner,
    *,
    dry_run: bool = False,
) -> int:
    """Draw every prompt of a file that its folder does not hold yet; return the exit code.

    Raises:
        UsageError: a line of the file is not right.
        ConfigError: a model cannot be opened; nothing has been spent.
        GemsError: the folder or the database cannot be used.
    """
    prompts = read(source)
    tasks = plan(prompts.entries, settings, criteria, manner.base)
    with nullcontext() if dry_run else _alone(manner.base):
        done = _done(tasks, finished(manner.base))
        todo = [task for task in tasks if task.id not in done]
        told = estimate(todo, list(done.values()), manner.at_once)
        if dry_run:
            print(printable(told))  # noqa: T201
            return PASSED
        if not manner.quiet:
            note(*told.splitlines(), *_remarks(prompts.ignored, tasks, done))
        _open_models(todo)
        before = [drawn(id_, each.record, each.folder, skipped=True) for id_, each in done.items()]
        return _carry_out(Work(tasks, todo, before), manner)


def resume_all(settings: Settings, manner: Manner, folder: Callable[[str], Path]) -> int:
    """Take up every trajectory that did not end well; return the exit code.

    Args:
        settings: win over those that a trajectory began with, where they are set.
        manner: how.
        folder: names the folder of a thread.

    Raises:
        GemsError: the folder or the database cannot be used.
    """
    found = asyncio.run(_found())
    tasks = [Task(t, "", t, None, None, settings, folder(t)) for t in found.open]
    if not manner.quiet:
        waiting = [
            f"{thread} waits for an answer: gems resume {thread}" for thread in found.waiting
        ]
        busy = [f"{thread} is being worked on by another process." for thread in found.busy]
        note(f"{len(tasks)} to take up.", *waiting, *busy)
    if not tasks:
        return PASSED
    with _alone(manner.base):
        return _carry_out(Work(tasks, tasks, []), manner)


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Keep other batches out of a folder, and put right what a killed one left."""
    with claim(f"The folder {base.resolve()}"):
        folders.tidy(base)
        yield


async def _found() -> OpenEnds:
    async with open_threads() as threads:
        return await open_ends(threads)


def _done(tasks: Sequence[Task], found: dict[str, Done]) -> dict[str, Done]:
    return {t.id: found[t.key] for t in tasks if t.key in found and found[t.key].ended}


def _remarks(ignored: Sequence[str], tasks: Sequence[Task], done: dict[str, Done]) -> list[str]:
    """Say what a user may not expect: what is ignored, and what was drawn otherwise."""
    dials = [changed(task, done[task.id]) for task in tasks if task.id in done]
    others = len([each for each in dials if each])
    remarks = [f"Ignored in the file: {', '.join(ignored)}."] if ignored else []
    if others:
        names = ", ".join(sorted(set().union(*dials)))
        remarks.append(
            f"{others} of those done before were drawn with other settings ({names}); to draw them "
            "with these, name another folder with --out."
        )
    return remarks


def _open_models(tasks: Sequence[Task]) -> None:
    """Open what the tasks need, so that a wrong name or a missing key is told at once."""
    store = Store(paths.images())
    for settings in {id(task.settings): task.settings for task in tasks}.values():
        open_generator(settings.generator)
        for role in ROLES:
            if role != "judge":
                open_chat(settings.model_for(role))
        Toolbox(settings, store).check_prices()


def _carry_out(work: Work, manner: Manner) -> int:
    """Draw, tell of it, and return the exit code."""
    summary = Summary(manner.base / SUMMARY, [task.id for task in work.tasks], work.before)
    for record in work.before:
        tell_record(manner, record)
    end = asyncio.run(_draw(work, manner, summary)) if work.todo else End()
    summary.rewrite()
    tell(summary, len(work.tasks), end, manner)
    return code(summary.records, end)


async def _draw(work: Work, manner: Manner, summary: Summary) -> End:
    console = Console(stderr=True)
    show = board(Tally(len(work.tasks), work.before), console, quiet=manner.quiet)
    async with open_threads() as threads:
        with stoppable(note) as stopping, show:
            runner = Runner(threads, stopping, show, summary, partial(tell_record, manner))
            await runner.run(work.todo, manner.at_once)
    return End(stopping.signum, runner.brake.reason)
