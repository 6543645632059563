"""Draw many at once: one failed prompt stops no other, repeated failures of one cause stop all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gems_graph.batch import folders
from gems_graph.batch.brake import Brake
from gems_graph.batch.plan import Task
from gems_graph.batch.shards import PAUSE
from gems_graph.batch.summary import Record, Summary, drawn, undrawn
from gems_graph.errors import ClaimedError
from gems_graph.events import Event
from gems_graph.persistence.threads import Threads, config_of
from gems_graph.report.folder import Contents
from gems_graph.report.standing import Standing
from gems_graph.runs.follow import Job, follow
from gems_graph.runs.stopping import Stopper
from gems_graph.runs.view import View


class Watcher(Protocol):
    """Whoever shows how a batch goes on; called on the event loop that draws."""

    def begin(self, task: Task) -> None:
        """A task begins, or is taken up."""

    def take(self, task: Task, event: Event) -> None:
        """An event of its run."""

    def end(self, record: Record) -> None:
        """A task has ended, been stopped, or waits."""


class Runner:
    """Draws tasks on open threads, some at a time.

    Args:
        threads: keep the trajectories.
        summary: gets a record of each.
        watcher: sees how it goes on.
        stopper: ends what is under way, and begins nothing more.
        contents: what folders hold.
        patient: what another process works on is looked at again later; otherwise it has failed.
    """

    def __init__(
        self, threads: Threads, summary: Summary, watcher: Watcher, stopper: Stopper, *,
        contents: Contents = "rounds", patient: bool = False,
    ) -> None:  # fmt: skip
        self._threads, self._stopper = threads, stopper
        self._summary, self._watcher = summary, watcher
        self._contents, self._patient = contents, patient
        self.brake = Brake()

    async def run(self, tasks: Sequence[Task], at_once: int) -> None:
        """Draw all tasks, until it is stopped or the brake stops it; what is under way ends first.

        Raises:
            StoreError: the summary cannot be written.
        """
        queue = deque(tasks)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(tasks))):
                    group.create_task(self._work(queue))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        except asyncio.CancelledError:
            if not self._stopper.reason:
                raise

    async def _work(self, queue: deque[Task]) -> None:
        while queue and not (self._stopper.reason or self.brake.reason):
            task = queue.popleft()
            if record := await self._record(task):
                self._summary.add(record)
                self._watcher.end(record)
            else:
                queue.append(task)
                await asyncio.sleep(PAUSE)

    async def _record(self, task: Task) -> Record | None:
        """Draw a task and return how it ended; None: another process works on it."""
        view = View()
        self._watcher.begin(task)

        def take(event: Event) -> None:
            view.take(event)
            self._watcher.take(task, event)

        try:
            job = Job(task.thread, task.prompt, task.criteria, task.settings, take_up=True)
            outcome = await follow(self._threads, job, take, stopper=self._stopper)
            if not outcome.state.get("result"):
                status: Standing = "interrupted" if outcome.stopped_by else "waiting"
                return undrawn(task, status, outcome.state)
            record = await asyncio.to_thread(self._write, task, outcome.state)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            if self._patient and isinstance(error, ClaimedError):
                return None
            self.brake.failed(error)
            return undrawn(task, "failed", await self._reached(task, view), error)
        self.brake.drew()
        return record

    def _write(self, task: Task, state: Any) -> Record:
        about: dict[str, Any] = {"thread": task.thread}
        if task.key:
            about["batch"] = {"id": task.id, "key": task.key, "data": task.data}
        store, contents = self._threads.store, self._contents
        folder, record = folders.write(task.folder, state, store, about, contents)
        return drawn(task.id, record, folder)

    async def _reached(self, task: Task, view: View) -> Mapping[str, Any]:
        """Return the state that a failure left, with what its siblings spent; or the last seen."""
        try:
            graph = await self._threads.graph_of(task.thread)
            return (await graph.aget_state(config_of(task.thread))).values
        except Exception:  # noqa: BLE001  # it may have been the database that failed
            return view.state
