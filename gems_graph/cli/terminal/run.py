"""A run from the terminal: persisted in SQLite, shown while it goes on, safe to interrupt."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot
from rich.console import Console

from gems_graph.calls.budget import Place
from gems_graph.calls.ledger import total
from gems_graph.cli.terminal.context import Say, ToldToolbox
from gems_graph.cli.terminal.progress import Progress, progress
from gems_graph.cli.terminal.waiting import put
from gems_graph.errors import GemsError, UsageError
from gems_graph.graph import Graph
from gems_graph.images import Store
from gems_graph.memory import has_image
from gems_graph.persistence.threads import Threads, config_of, open_threads
from gems_graph.prompting.sanitize import printable
from gems_graph.report import folder as folders
from gems_graph.review.answers import UnfitAnswerError
from gems_graph.review.questions import Question
from gems_graph.runs.stopping import Stopping, stoppable
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import Input, Result, State, Stop
from gems_graph.strategies import strategy_of

PASSED, FAILED, USAGE, BEST_EFFORT, WAITING = 0, 1, 2, 3, 4
"""Exit codes: all criteria passed or accepted, error and no image, an answer that does not fit, a
best-effort image, waiting for a person; 128 + a signal."""


@dataclass(frozen=True)
class Job:
    """One run as the command line asks for it; `out` is the folder wanted.

    Without a prompt the thread's trajectory is taken up again, with its own settings; those of the
    job win where they are set, and `answer` is for the question that it waits with. With
    `show_context`, what the Refiner and the Compressor are told is shown on stderr.
    """

    prompt: str | None
    checklist: Sequence[str] | None
    settings: Settings
    thread: str
    out: Path
    show_context: bool = False
    answer: Any = None


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its state (with a result if any picture exists), and by which signal.

    With a `question` it has not ended: it waits for a person.
    """

    state: State
    store: Store
    signum: int = 0
    question: Question | None = None


def run(job: Job, *, as_json: bool, quiet: bool) -> int:
    """Run a job, write its folder, tell of it on stdout, and return the exit code.

    What it asks on the way is put to whoever sits at the terminal.
    """
    console = Console(stderr=True)
    try:
        while True:
            outcome = asyncio.run(draw(job, progress(console, quiet=quiet), _sayer(console)))
            if outcome.question is None:
                return _tell(job, outcome, as_json=as_json, quiet=quiet)
            folder, store = folders.free_folder(job.out), outcome.store
            answer = put(outcome.question, job.thread, folder, store, console, as_json=as_json)
            if answer is None:
                return WAITING
            job = replace(job, prompt=None, answer=answer)
    except GemsError as error:
        told = printable(f"gems: {error}")
        console.print(told, markup=False, highlight=False, soft_wrap=True)
        return USAGE if isinstance(error, UnfitAnswerError) else FAILED


def _tell(job: Job, outcome: Outcome, *, as_json: bool, quiet: bool) -> int:
    result = outcome.state.get("result")
    again = printable(f"Go on with: gems resume {shlex.quote(job.thread)}")
    if not result:
        print(f"Interrupted before any picture was drawn. {again}", file=sys.stderr)  # noqa: T201
        return 128 + outcome.signum
    folder = folders.free_folder(job.out)
    told = folders.write(folder, outcome.state, outcome.store, {"thread": job.thread})
    for note in () if quiet else outcome.state.get("notes", []):
        print(printable(f"note: {note}"), file=sys.stderr)  # noqa: T201
    if not quiet:
        print(_spent(outcome.state), file=sys.stderr)  # noqa: T201
    if as_json:
        print(printable(json.dumps(told, ensure_ascii=False)))  # noqa: T201
    elif quiet:
        print(folder / "image.png")  # noqa: T201
    else:
        print(printable(_verdict(result)))  # noqa: T201
        print(f"{folder / 'image.png'}\n{folder / 'rounds.png'}")  # noqa: T201
    if outcome.signum:
        print(f"Interrupted; this is the best so far. {again}", file=sys.stderr)  # noqa: T201
        return 128 + outcome.signum
    accepted = result["stop"].get("reason") == "accepted"
    return PASSED if result["success"] or accepted else BEST_EFFORT


def _spent(state: State) -> str:
    """Say in one line what the run used."""
    used = total(state.get("ledger", {}))
    tokens = used["input_tokens"] + used["output_tokens"]
    cost = "cost unknown" if used["cost"] is None else f"cost {used['cost']:.4f}"
    return f"used: {used['calls']} chat calls, {used['images']} images, {tokens} tokens, {cost}"


def _verdict(result: Result) -> str:
    """Say in one line how it ended."""
    stop = result["stop"]
    word = "Passed" if result["success"] else "Best effort"
    word = "Accepted" if stop.get("reason") == "accepted" else word
    head = f"{word}: {result['why']}."
    if error := stop.get("error"):
        return f"{head} Stopped in {stop.get('node')}: {error}"
    return head


def _sayer(console: Console) -> Say:
    """Print above the live table, exactly as it stands."""

    def say(text: str) -> None:
        console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    return say


async def draw(job: Job, show: Progress, say: Say = print) -> Outcome:
    """Run the graph on a kept thread.

    Raises:
        GemsError: nothing could be drawn.
        StoreError: the checkpointer cannot be used.
    """
    async with open_threads() as threads:
        with stoppable(say) as stopping, show:
            return await follow(threads, job, show, stopping, say)


async def follow(
    threads: Threads, job: Job, show: Progress, stopping: Stopping, say: Say = print
) -> Outcome:
    """Run a job on its thread, to its end or until a signal stops it.

    Raises:
        GemsError: nothing could be drawn.
    """

    def tell(settings: Settings, place: Place) -> Toolbox:
        return ToldToolbox(settings, threads.store, say=say, place=place)

    graph = threads.graph(job.settings, toolbox=tell if job.show_context else None)
    async with threads.claim(job.thread):  # before anything is read: it may still be written to
        given, at = await _start(threads, job)
        signum = 0
        if at is not None:
            context = job.settings if job.prompt is None else None
            try:
                await _run(graph, given, at, context, show, stopping.control)
            except (asyncio.CancelledError, GraphDrained):
                signum = stopping.signum or signal.SIGINT
        last = await graph.aget_state(config_of(job.thread))
    state = cast(State, last.values)
    if signum:
        return Outcome(_cancelled(state), threads.store, signum)
    return Outcome(state, threads.store, question=_asked(last))


def _asked(snapshot: StateSnapshot) -> Question | None:
    return snapshot.interrupts[0].value if snapshot.interrupts else None


async def _start(
    threads: Threads, job: Job
) -> tuple[Input | Command[Any] | None, RunnableConfig | None]:
    """Return what to begin with and from which checkpoint.

    No checkpoint: it has ended well, or waits for an answer, and there is none.

    Raises:
        UsageError: there is an answer, and nothing was asked.
    """
    if job.prompt is None:
        at = await threads.open_end(job.thread)
        asked = _asked(await threads.graph().aget_state(config_of(job.thread)))
        if job.answer is None:
            return None, None if asked else at
        if not asked:
            msg = f"{job.thread!r} waits for no answer: gems resume {job.thread} without one."
            raise UsageError(msg)
        return Command(resume=job.answer), at
    await threads.in_time(job.thread)
    given = Input(prompt=job.prompt)
    if job.checklist is not None:
        given["checklist"] = list(job.checklist)
    return given, config_of(job.thread)


async def latest_thread() -> str:
    """Return the thread that was worked on last.

    Raises:
        UsageError: there is none.
    """
    async with open_threads() as threads:
        return await threads.latest()


async def _run(
    graph: Graph,
    given: Input | Command[Any] | None,
    config: RunnableConfig,
    context: Settings | None,
    show: Progress,
    control: RunControl,
) -> None:
    stream = graph.astream(
        given,
        config,
        context=context,
        stream_mode=["values", "tasks"],
        durability="sync",
        control=control,
    )  # what a node did is on disk before the next one starts
    async for mode, data in cast(AsyncIterator[tuple[str, dict[str, Any]]], stream):
        if mode == "values":
            show.update(data)
        elif "input" in data:  # a task begins; its end carries `result`
            show.doing(data["name"])


def _cancelled(state: State) -> State:
    if not has_image(state):
        return state
    stopped: State = {**state, "stop": Stop(reason="cancelled")}
    return {
        **stopped,
        "result": strategy_of(state).result(stopped),
    }
