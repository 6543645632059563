"""What a batch has come to so far: counts, rate, cost and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from gems_graph.batch.plan import Task
from gems_graph.batch.summary import Record, cost, count, sum_costs
from gems_graph.calls.ledger import total
from gems_graph.events import Event
from gems_graph.runs.view import View


class Tally:
    """Counts what ends, and sums up what is under way.

    Args:
        tasks: how many prompts there are in all.
        before: records of what was done before.
        clock: seconds, from any start.
    """

    def __init__(
        self, tasks: int, before: Sequence[Record] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tasks, self.done, self.passed = tasks, len(before), count(before)["passed"]
        self._views: dict[str, View] = {}
        self._cost = cost(before)
        self._done_before, self._clock, self._started = len(before), clock, clock()

    def begin(self, task: Task) -> None:
        """Take note of one more trajectory under way."""
        self._views[task.id] = View()

    def take(self, task: Task, event: Event) -> None:
        """Take note of an event of its run."""
        self._views[task.id].take(event)

    def end(self, record: Record) -> None:
        """Take note of how a prompt ended."""
        self._views.pop(record["id"], None)
        self.done += 1
        self.passed += record["status"] == "passed"
        self._cost = sum_costs([self._cost, record["cost"]])

    @property
    def under_way(self) -> int:
        """How many trajectories are being drawn."""
        return len(self._views)

    @property
    def cost(self) -> float | None:
        """What all of it cost, with what is under way; None: a price is unknown."""
        return sum_costs([self._cost, *(total(view.used)["cost"] for view in self._views.values())])

    @property
    def per_minute(self) -> float | None:
        """Prompts that end in a minute; None before the first has."""
        seconds, ended = self._clock() - self._started, self.done - self._done_before
        return 60 * ended / seconds if ended and seconds > 0 else None

    @property
    def remaining(self) -> timedelta | None:
        """The time that the remaining prompts take at this rate; None before one has ended."""
        if not (rate := self.per_minute):
            return None
        return timedelta(seconds=round(60 * (self.tasks - self.done) / rate))
