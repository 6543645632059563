"""Ask a module many things side by side, each answered, failed or left alone, none dropped."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gems_graph.batch.brake import Brake
from gems_graph.calls.budget import Place
from gems_graph.calls.ledger import Ledger, add
from gems_graph.errors import BudgetError, ConfigError, GemsError
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.dials.calls import CallDials
from gems_graph.settings.dials.caps import CapDials

J = TypeVar("J")
R = TypeVar("R")
Tell = Callable[[int, int], None]
"""Told how many are done, of how many."""
_HOW_MUCH = (*CapDials.model_fields, *CallDials.model_fields)
"""Dials that change nothing in an answer: under a higher cap an evaluation goes on."""
Ask = Callable[[J, Toolbox], Awaitable[R]]


@dataclass
class Answers(Generic[R]):
    """What came of each job, in order: a result, its failure, or None where it was not begun.

    Attributes:
        each: by job.
        used: by role, failures included.
        stopped: why it was given up early: a cap, or one cause that fails job after job.
    """

    each: list[R | GemsError | None]
    used: Ledger = field(default_factory=dict)
    stopped: str = ""


@dataclass(frozen=True)
class Job(Generic[J]):
    """One thing to ask: with which settings, and its number among those of the same settings."""

    subject: J
    settings: Settings
    number: int = 0


@dataclass(frozen=True)
class Session:
    """An evaluation as the journal knows it: what was paid for is not paid again.

    Attributes:
        name: the same for the same data; caps hold over all that it spends.
        make_toolbox: makes a toolbox for each job.
        tell: sees how it goes on.
    """

    name: str
    make_toolbox: MakeToolbox
    tell: Tell = lambda done, of: None

    def toolbox(self, job: Job[J]) -> Toolbox:
        """Return the toolbox of a job; each of several settings pays for its own calls."""
        settings = job.settings
        if settings.budget is None:
            settings = settings.model_copy(update={"budget": self.name})
        way = job.settings.model_dump_json(exclude={*_HOW_MUCH}).encode()
        trajectory = f"{self.name}-{hashlib.sha256(way).hexdigest()[:12]}"
        place = Place(trajectory, job.number, persisted=True)
        return self.make_toolbox(settings, place)


@dataclass(frozen=True)
class Evaluation:
    """How an evaluation is carried out.

    Attributes:
        make_toolbox: as a graph makes it; its store keeps the pictures.
        again: pay again for what an earlier evaluation of the same data was answered.
        tell: sees how it goes on.
    """

    make_toolbox: MakeToolbox
    again: bool = False
    tell: Tell = lambda done, of: None

    def session(self, what: str, data: Sequence[Any]) -> Session:
        """Return the session for some data, plain JSON; `again`: one that was never used."""
        digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()[:12]
        name = f"eval-{what}-{digest}" + (f"-{uuid.uuid4().hex[:8]}" if self.again else "")
        return Session(name, self.make_toolbox, self.tell)


async def ask_all(jobs: Sequence[Job[J]], ask: Ask[J, R], session: Session) -> Answers[R]:
    """Ask everything; a failure stops nothing else, unless the next would fail in the same way.

    Raises:
        ConfigError: a model cannot be opened.
    """
    answers = Answers[R]([None] * len(jobs))
    worker = _Worker(jobs, ask, session, answers)
    at_once = min(len(jobs), max((job.settings.concurrency for job in jobs), default=1))
    try:
        async with asyncio.TaskGroup() as group:
            queue = iter(range(len(jobs)))
            for _ in range(at_once):
                group.create_task(worker.work(queue))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return answers


class _Worker(Generic[J, R]):
    """Takes jobs from a queue until there are none, or something stops it."""

    def __init__(
        self, jobs: Sequence[Job[J]], ask: Ask[J, R], session: Session, answers: Answers[R]
    ) -> None:
        self._jobs, self._ask, self._session, self._answers = jobs, ask, session, answers
        self._brake, self._done = Brake(), 0

    async def work(self, queue: Iterator[int]) -> None:
        while not self._answers.stopped and (k := next(queue, None)) is not None:
            toolbox = self._session.toolbox(self._jobs[k])
            try:
                self._answers.each[k] = await self._ask(self._jobs[k].subject, toolbox)
                self._brake.drew()
            except ConfigError:
                raise
            except GemsError as error:
                self._failed(k, error)
            self._answers.used = add(self._answers.used, toolbox.ledger)
            self._done += 1
            self._session.tell(self._done, len(self._jobs))

    def _failed(self, k: int, error: GemsError) -> None:
        if isinstance(error, BudgetError):  # not begun: more may be asked under a higher cap
            self._answers.stopped = str(error)
            return
        self._answers.each[k] = error
        self._brake.failed(error)
        self._answers.stopped = self._answers.stopped or self._brake.reason
