"""Do one job on a kept thread, for any caller: a terminal, a page, a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.runnables import RunnableConfig

from gems_graph.errors import UsageError
from gems_graph.events import Tell, silent
from gems_graph.images import Store, keep_given
from gems_graph.memory import has_image
from gems_graph.persistence.extend import with_more_rounds
from gems_graph.persistence.threads import Threads, config_of, open_threads
from gems_graph.runs.outcome import Outcome
from gems_graph.runs.run import Run
from gems_graph.runs.stopping import Stopper
from gems_graph.runtime.toolbox import MakeToolbox
from gems_graph.settings import Settings
from gems_graph.state import Input, State, Stop
from gems_graph.strategies import strategy_of


@dataclass(frozen=True)
class Job:
    """What is to be done on a thread.

    Attributes:
        thread: keeps the trajectory.
        prompt: what to draw; None: take up what the thread holds, with its own settings.
        checklist: criteria of the caller's own.
        settings: of a new trajectory; of one taken up they win where they are set.
        answer: to the question that the thread waits with.
        take_up: with a prompt, go on all the same where something was drawn or paid before.
        images: pictures of the caller's to go by, in any form that `keep_given` takes.
    """

    thread: str
    prompt: str | None = None
    checklist: Sequence[str] | None = None
    settings: Settings = field(default_factory=Settings)
    answer: Any = None
    take_up: bool = False
    images: Sequence[object] = ()


async def follow(
    threads: Threads,
    job: Job,
    on_event: Tell = silent,
    *,
    stopper: Stopper | None = None,
    toolbox: MakeToolbox | None = None,
) -> Outcome:
    """Do a job to its end, to a question, or until it is stopped.

    The thread is claimed before it is read, so that two who resume it never go on from the same
    checkpoint.

    Args:
        threads: keep the trajectory.
        job: what to do.
        on_event: gets every event, in order.
        stopper: stops it; may be shared.
        toolbox: makes what the nodes may use, in place of the usual.

    Raises:
        UsageError: somebody else works on the thread, there is nothing to take up, or there is an
            answer and nothing was asked.
        GemsError: nothing could be drawn.
    """
    async with threads.claim(job.thread):
        if await _begins(threads, job):
            await threads.order_new_checkpoints(job.thread)
            graph = threads.graph(job.settings, toolbox=toolbox)
            run = Run(graph, job.thread, on_event, stopper=stopper, conclude=best_so_far)
            return await run.start(await asyncio.to_thread(_input, job, threads.store))
        checkpoint = await threads.open_end(job.thread)
        if checkpoint is None:
            checkpoint = await with_more_rounds(threads, job.thread, job.settings)
        run = Run(
            await threads.graph_of(job.thread, toolbox=toolbox),
            job.thread,
            on_event,
            context=job.settings,
            stopper=stopper,
            conclude=best_so_far,
        )
        return await _go_on(run, job, checkpoint)


async def latest_thread() -> str:
    """Return the thread that was worked on last.

    Raises:
        UsageError: there is none.
    """
    async with open_threads() as threads:
        return await threads.latest()


def best_so_far(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state of a stopped run with the best picture so far as its result."""
    stopped_state = cast(State, state)
    if not has_image(stopped_state):
        return state
    cancelled_state: State = {**stopped_state, "stop": Stop(reason="cancelled")}
    return {**cancelled_state, "result": strategy_of(stopped_state).result(cancelled_state)}


async def _begins(threads: Threads, job: Job) -> bool:
    if job.prompt is None or not job.take_up:
        return job.prompt is not None
    graph = await threads.graph_of(job.thread)
    snapshot = await graph.aget_state(config_of(job.thread))
    return not snapshot.values.get("trajectory") or "begin" in snapshot.next


async def _go_on(run: Run, job: Job, checkpoint: RunnableConfig | None) -> Outcome:
    """Resume or answer; a thread that waits without an answer, or has ended, is only looked at.

    With another `pause` one that waits goes on, as far as that asks nobody.
    """
    waits = bool(await run.questions())
    if job.answer is None:
        asks = waits and "pause" not in job.settings.model_fields_set
        return await (run.look() if asks or checkpoint is None else run.resume(checkpoint))
    if not waits:
        msg = f"{job.thread!r} waits for no answer: gems resume {job.thread} without one."
        raise UsageError(msg)
    return await run.answer(job.answer, checkpoint)


def _input(job: Job, store: Store) -> Input:
    graph_input = Input(prompt=job.prompt or "")
    if job.checklist is not None:
        graph_input["checklist"] = list(job.checklist)
    if job.images:
        graph_input["images"] = [keep_given(image, store) for image in job.images]
    return graph_input
