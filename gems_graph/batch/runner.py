"""Draw many at once: one failed prompt never stops the others, one cause that fails all does."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gems_graph.batch import folders
from gems_graph.batch.plan import Task
from gems_graph.batch.summary import Record, Summary, drawn, in_words, undrawn
from gems_graph.calls.retry import status_of
from gems_graph.cli.terminal.batch_progress import Board, Watch
from gems_graph.cli.terminal.run import Job, follow
from gems_graph.errors import AnswerError, UsageError
from gems_graph.persistence.threads import Threads, config_of
from gems_graph.runs.stopping import Stopping

PATIENCE = 5
"""Prompts in a row that may fail in the same way."""


_OWN = {400, 413, 414, 422}  # what servers say to one prompt, as well as to wrong options


class Brake:
    """Stops a batch when prompt after prompt fails in the same way: the next would, too."""

    def __init__(self) -> None:
        self.reason = ""
        self._last: object = None
        self._row, self._works = 0, False

    def drew(self) -> None:
        """Take note of a picture: it can be done."""
        self._row, self._works = 0, True

    def failed(self, error: Exception) -> None:
        """Take note of a failure, unless it is the prompt's own."""
        own = status_of(error.__cause__) in _OWN and self._works
        if own or isinstance(error, UsageError | AnswerError):
            return
        kind = _kind(error)
        self._row = self._row + 1 if kind == self._last else 1
        self._last = kind
        if self._row == PATIENCE:
            self.reason = in_words(error)


def _kind(error: Exception) -> object:
    """Tell failures of one cause by type and words, whatever numbers and files they name."""
    if isinstance(cause := error.__cause__, OSError) and cause.errno:
        return type(error), cause.errno
    words = re.sub(r"\d[\d.,e+-]*", "#", str(error))
    return type(error), status_of(error.__cause__), words


class Runner:
    """Draws tasks on open threads, some at a time.

    Args:
        threads: keep the trajectories.
        stopping: what a signal asks for.
        board: shows how it goes.
        summary: gets a record of each.
        told: gets each record, too.
    """

    def __init__(
        self,
        threads: Threads,
        stopping: Stopping,
        board: Board,
        summary: Summary,
        told: Callable[[Record], None],
    ) -> None:
        self._threads, self._stopping, self._board = threads, stopping, board
        self._summary, self._told = summary, told
        self.brake, self._graph = Brake(), threads.graph()

    async def run(self, tasks: Sequence[Task], at_once: int) -> None:
        """Draw all tasks, until a signal or the brake stops it; what is under way ends first.

        Raises:
            StoreError: the summary cannot be written.
        """
        queue = iter(tasks)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(tasks))):
                    group.create_task(self._work(queue))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        except asyncio.CancelledError:  # the second Ctrl-C; the first where signals are not ours
            self._stopping.signum = self._stopping.signum or signal.SIGINT

    async def _work(self, queue: Iterator[Task]) -> None:
        while not (self._stopping.signum or self.brake.reason):
            if (task := next(queue, None)) is None:
                return
            record = await self._record(task)
            self._summary.add(record)
            self._board.end(record)
            self._told(record)

    async def _record(self, task: Task) -> Record:
        watch = self._board.begin(task)
        try:
            record = await self._draw(task, watch)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
            self.brake.failed(error)
            return undrawn(task, "failed", await self._left(task, watch), error)
        if record["folder"]:
            self.brake.drew()
        return record

    async def _draw(self, task: Task, watch: Watch) -> Record:
        prompt = task.prompt if await self._is_new(task) else None
        job = Job(prompt, task.criteria, task.settings, task.thread, task.folder)
        outcome = await follow(self._threads, job, watch, self._stopping)
        if not outcome.state.get("result"):
            return undrawn(task, "interrupted" if outcome.signum else "waiting", outcome.state)
        about: dict[str, Any] = {"thread": task.thread}
        if task.key:
            about["batch"] = {"id": task.id, "key": task.key}
        folder, told = await asyncio.to_thread(
            folders.write, task.folder, outcome.state, outcome.store, about
        )
        return drawn(task.id, told, folder)

    async def _is_new(self, task: Task) -> bool:
        """Tell whether there is nothing to take up: nothing has been drawn or paid."""
        last = await self._graph.aget_state(config_of(task.thread))
        return not last.values.get("trajectory") or "begin" in last.next

    async def _left(self, task: Task, watch: Watch) -> Mapping[str, Any]:
        """Return the state that a failure left, with what its siblings spent; or the last seen."""
        try:
            return (await self._graph.aget_state(config_of(task.thread))).values
        except Exception:  # noqa: BLE001  # it may have been the database that failed
            return watch.state
