"""From prompt to picture in one call: `run` and `stream`, and the same from async code.

They keep nothing but pictures: no thread, no checkpoints. `gems_graph.runs.follow` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from gems_graph.events import Event, Tell, silent
from gems_graph.graph import build_graph
from gems_graph.images import Store, keep_given
from gems_graph.prompting.sanitize import check_list, check_texts
from gems_graph.runs.run import AnyGraph, Run
from gems_graph.runs.trajectory import Trajectory
from gems_graph.runtime.given import check_callable, store_in
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.state import Input


def run(
    prompt: str,
    *,
    checklist: Sequence[str] | None = None,
    images: Sequence[object] = (),
    store: Store | None = None,
    on_event: Tell = silent,
    **build: Any,
) -> Trajectory:
    """Draw, check and refine until every criterion holds or the rounds are spent.

    Args:
        prompt: what to draw (U), in any language.
        checklist: your own yes/no criteria, instead of the Decomposer.
        images: pictures for the generator to go by: files, encoded bytes, PIL images.
        store: where pictures go; by default `GEMS_IMAGES`, else `images` under `GEMS_HOME`.
        on_event: gets every event (`gems_graph.events`) while the run goes on, in this thread.
        build: whatever `build_graph` takes: `mllm`, `generator`, single settings.

    Raises:
        GemsError: nothing could be drawn; the message names the remedy.
    """
    check_callable(on_event)
    job = _Job(prompt, checklist, images, store, build)
    events, future = _in_background(job)
    for event in _until_done(events, future):
        on_event(event)
    return future.result()


def stream(
    prompt: str,
    *,
    checklist: Sequence[str] | None = None,
    images: Sequence[object] = (),
    store: Store | None = None,
    **build: Any,
) -> Iterator[Event]:
    """Do what `run` does, and yield its events as they come; the last is `stopped`.

    Closing the iterator early cancels the run.

    Raises:
        GemsError: nothing could be drawn; the message names the remedy.
    """
    events, future = _in_background(_Job(prompt, checklist, images, store, build))
    yield from _until_done(events, future)
    future.result()  # raises what the run failed on


async def arun(
    prompt: str,
    *,
    checklist: Sequence[str] | None = None,
    images: Sequence[object] = (),
    store: Store | None = None,
    on_event: Tell = silent,
    **build: Any,
) -> Trajectory:
    """Do what `run` does, from async code.

    Raises:
        GemsError: nothing could be drawn; the message names the remedy.
    """
    check_callable(on_event)
    return await _Job(prompt, checklist, images, store, build).follow(on_event)


async def astream(
    prompt: str,
    *,
    checklist: Sequence[str] | None = None,
    images: Sequence[object] = (),
    store: Store | None = None,
    **build: Any,
) -> AsyncIterator[Event]:
    """Do what `stream` does, from async code.

    Raises:
        GemsError: nothing could be drawn; the message names the remedy.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    job = _Job(prompt, checklist, images, store, build)
    task = asyncio.create_task(job.follow(events.put_nowait))
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await task  # raises what the run failed on
    finally:
        task.cancel()
        await asyncio.wait([task])


class _Job:
    """A graph built for one run, and what it is given."""

    def __init__(
        self,
        prompt: str,
        checklist: Sequence[str] | None,
        images: Sequence[object],
        store: Store | None,
        build: dict[str, Any],
    ) -> None:
        self._store = store_in(store)
        self._graph: AnyGraph = build_graph(store=self._store, **build)
        self._input = Input(prompt=prompt)
        if checklist is not None:
            self._input["checklist"] = check_texts(checklist, "checklist takes a list of questions")
        if given := check_list(images, "images takes a list of pictures"):
            self._input["images"] = [keep_given(image, self._store) for image in given]

    async def follow(self, on_event: Tell) -> Trajectory:
        outcome = await Run(self._graph, on_event=on_event).start(self._input)
        return Trajectory(outcome.state, self._store)


Events = SimpleQueue[Event | None]


def _in_background(job: _Job) -> tuple[Events, Future[Trajectory]]:
    """Begin a job on the background loop, as the caller's thread may run a loop (a notebook)."""
    events: Events = SimpleQueue()
    future = BACKGROUND.submit(lambda: job.follow(events.put))
    future.add_done_callback(lambda _: events.put(None))
    return events, future


def _until_done(events: Events, future: Future[Trajectory]) -> Iterator[Event]:
    try:
        while (event := events.get()) is not None:
            yield event
    finally:
        future.cancel()  # closed early, or Ctrl-C; after the end it does nothing
