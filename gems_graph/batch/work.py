"""What a batch has to do and what was done before, settled before anything is paid; then done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gems_graph.batch import folders
from gems_graph.batch.plan import Done, Task, changed, finished, plan
from gems_graph.batch.prompt_file import SUMMARY, Entry
from gems_graph.batch.runner import Runner, Watcher
from gems_graph.batch.shards import Shard
from gems_graph.batch.summary import Record, Summary, drawn
from gems_graph.images import Store
from gems_graph.models import open_chat
from gems_graph.persistence.locks import claim
from gems_graph.persistence.open_ends import OpenEnds, open_ends
from gems_graph.persistence.threads import open_threads
from gems_graph.report.folder import Contents
from gems_graph.runs.stopping import Stopper
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.strategies import open_strategy


class Work(NamedTuple):
    """All tasks, those to do, by id those that the folder has; whether others draw them, too."""

    tasks: list[Task]
    todo: list[Task]
    done: dict[str, Done]
    shared: bool = False

    @property
    def records(self) -> list[Record]:
        """A record of each that was done before."""
        return [
            drawn(id_, done.record, done.folder, skipped=True) for id_, done in self.done.items()
        ]

    def drawn_otherwise(self) -> list[set[str]]:
        """Return the changed dials of each that was done before with other settings."""
        dials = [changed(task, self.done[task.id]) for task in self.tasks if task.id in self.done]
        return [each for each in dials if each]


class Ending(NamedTuple):
    """The records of a batch, and the failure that stopped it, in words; empty: none."""

    summary: Summary
    reason: str


def work_of(
    entries: Sequence[Entry],
    settings: Settings,
    criteria: Sequence[str] | None,
    base: Path,
    shard: Shard | None = None,
) -> Work:
    """Return what a file of prompts leaves to do in a folder.

    Args:
        entries: of the file.
        settings: of all; those of a prompt win over them.
        criteria: of all prompts that have none of their own.
        base: the folder of the batch.
        shard: which part comes first; None: there is one machine.

    Raises:
        UsageError: the settings of a prompt are not valid.
    """
    tasks = plan(entries, settings, criteria, base, shard.name if shard else "")
    earlier = finished(base)
    done = {t.id: earlier[t.key] for t in tasks if t.key in earlier and earlier[t.key].ended}
    ordered = shard.ordered(tasks) if shard else tasks
    todo = [task for task in ordered if task.id not in done]
    return Work(tasks, todo, done, shared=shard is not None)


async def work_left_open(
    settings: Settings, folder: Callable[[str], Path]
) -> tuple[Work, OpenEnds]:
    """Return the kept trajectories that did not end well, as work, and those left alone.

    Args:
        settings: win over those that a trajectory began with, where they are set.
        folder: names the folder of a thread.

    Raises:
        StoreError: the database cannot be used.
    """
    async with open_threads() as threads:
        ends = await open_ends(threads)
    tasks = [Task(t, "", t, None, None, settings, folder(t)) for t in ends.open]
    return Work(tasks, tasks, {}), ends


@contextmanager
def alone(base: Path) -> Iterator[None]:
    """Keep other batches out of a folder, and put right what a killed one left.

    Raises:
        UsageError: another batch works in it.
        StoreError: what was left cannot be removed.
    """
    with claim(f"The folder {base.resolve()}"):
        folders.tidy(base)
        yield


def open_models(tasks: Sequence[Task]) -> None:
    """Open what the tasks need, so that a wrong name or a missing key is told at once.

    Raises:
        ConfigError: a model cannot be opened, or a price is unknown that a cap needs.
    """
    store = Store()
    for settings in {id(task.settings): task.settings for task in tasks}.values():
        roles = open_strategy(settings.strategy).all_roles
        for role in roles:
            open_chat(settings.model_for(role))
        toolbox = Toolbox(settings, store, roles=roles)
        BACKGROUND.run(toolbox.check)


async def carry_out(
    work: Work,
    base: Path,
    at_once: int,
    watcher: Watcher,
    stopper: Stopper | None = None,
    contents: Contents = "rounds",
) -> Ending:
    """Draw what is to do, and write the summary; what is stopped can be taken up again.

    Args:
        work: of a folder that is claimed (`alone`).
        base: the folder.
        at_once: how many are drawn at the same time.
        watcher: sees how it goes on.
        stopper: stops it; whatever is under way has a record, too.
        contents: what folders hold; strips are drawn when somebody looks, as they take longest.

    Raises:
        StoreError: the folder or the database cannot be used.
    """
    summary = Summary(base / SUMMARY, [task.id for task in work.tasks], work.records)
    reason = ""
    if work.todo:
        async with open_threads() as threads:
            stop = stopper or Stopper()
            runner = Runner(threads, summary, watcher, stop, contents=contents, patient=work.shared)
            await runner.run(work.todo, at_once)
        reason = runner.brake.reason
    summary.rewrite()
    return Ending(summary, reason)
