"""One run of any compiled graph: started, followed by events, stopped, resumed, answered."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from langchain_core.runnables import RunnableConfig, ensure_config
from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, Interrupt

from gems_graph.events import Asked, Custom, Event, Stopped, Tell, silent
from gems_graph.private_hooks import cut_while_writing
from gems_graph.review.answers import refuse_unfit
from gems_graph.runs.outcome import Outcome, Values, as_it_stands, started, stopped
from gems_graph.runs.stopping import Stopper
from gems_graph.runs.traced import traced_run

AnyGraph = CompiledStateGraph[Any, Any, Any, Any]
_STEPS = 10_000
"""Supersteps that suffice: loops are bounded by settings, not by the limit of a host around us."""


class Run:
    """One thread of a graph, and whoever follows it.

    Args:
        graph: compiled; GEMS, or anybody's.
        thread: keeps the run; without one, or without a checkpointer, nothing is kept.
        on_event: gets every event, on the event loop of the caller, in order.
        context: of the run, as the graph's context schema has it.
        stopper: stops it; may be shared with other runs.
        conclude: completes the state of a run that was stopped, for example by the best so far.
    """

    def __init__(
        self,
        graph: AnyGraph,
        thread: str | None = None,
        on_event: Tell = silent,
        *,
        context: Any = None,
        stopper: Stopper | None = None,
        conclude: Callable[[Values], Values] = as_it_stands,
    ) -> None:
        self._graph, self._thread, self._on_event = graph, thread, on_event
        self._context, self._stopper = context, stopper or Stopper()
        self._conclude = conclude
        self._persistent = bool(thread) and graph.checkpointer not in (None, False)
        self._end: Stopped | None = None

    async def start(self, graph_input: Values) -> Outcome:
        """Begin with an input, whatever the thread held before.

        Raises:
            GemsError: nothing could be drawn; of another graph, whatever it raises.
        """
        return await self._execute(graph_input, self._config, graph_input)

    async def resume(self, at: RunnableConfig | None = None) -> Outcome:
        """Go on where the thread stopped, or at one of its checkpoints.

        Raises:
            GemsError: nothing could be drawn; of another graph, whatever it raises.
        """
        snapshot = await self._graph.aget_state(at or self._config)
        config = at or self._config
        if cut_while_writing(snapshot):  # its step is done again, its calls are in the journal
            config = await self._graph.aupdate_state(snapshot.config, None, as_node="__copy__")
        return await self._execute(None, config, snapshot.values)

    async def answer(self, answer: Any, at: RunnableConfig | None = None) -> Outcome:
        """Answer what the thread waits for, and go on.

        Args:
            answer: as the question wants it; several questions are answered by a mapping of ids.
            at: a checkpoint of the thread; default the last.

        Raises:
            UnfitAnswerError: the answer does not fit; the question stays open.
            GemsError: nothing could be drawn; of another graph, whatever it raises.
        """
        command: Command[Any] = Command(resume=answer)
        outcome = await self._execute(command, at or self._config, await self._values(at))
        refuse_unfit(outcome.questions)
        return outcome

    def stop(self, reason: str = "stop", *, at_once: bool = False) -> None:
        """Stop after the step under way, so that what is paid is kept; or in the middle of it."""
        (self._stopper.cancel if at_once else self._stopper.drain)(reason)

    async def look(self) -> Outcome:
        """Return how the thread stands without running it, and tell what it waits for or got."""
        outcome = replace(await self._outcome({}, ()), idle=True)
        self._report_end(outcome)
        return outcome

    async def questions(self) -> tuple[Interrupt, ...]:
        """Return what the thread waits for."""
        return (await self._graph.aget_state(self._config)).interrupts

    @property
    def _config(self) -> RunnableConfig:
        return {"configurable": {"thread_id": self._thread}} if self._thread else {}

    async def _values(self, at: RunnableConfig | None) -> Values:
        return (await self._graph.aget_state(at or self._config)).values

    async def _execute(self, graph_input: Any, config: RunnableConfig, before: Values) -> Outcome:
        """Run to the end, to a question, or until somebody stops it."""
        self._end, values, questions, stopped_by = None, dict[str, Any](), list[Interrupt](), ""
        self._on_event(started(self._thread or "", self._graph.name, before))
        with self._reporting_failure(), traced_run(self._graph.name, self._thread) as told:
            task = asyncio.create_task(self._stream(graph_input, config, values, questions))
            try:
                with self._stopper.watching(task):
                    await task
            except GraphDrained as drained:
                stopped_by = self._stopper.reason or str(drained)
            except asyncio.CancelledError:
                if not self._stopper.at_once:  # it is whoever waits for us that is cancelled
                    raise
                stopped_by = self._stopper.reason
            outcome = await self._outcome(values, tuple(questions), stopped_by)
            told(outcome)
        self._report_end(outcome)
        return outcome

    @contextmanager
    def _reporting_failure(self) -> Iterator[None]:
        """Send `stopped` where the run fails."""
        try:
            yield
        except BaseException as error:
            cancelled = isinstance(error, asyncio.CancelledError)
            self._on_event(stopped("cancelled" if cancelled else "error", {}))
            raise

    async def _stream(
        self,
        graph_input: Any,
        config: RunnableConfig,
        values: dict[str, Any],
        questions: list[Interrupt],
    ) -> None:
        """Run the graph; put its last values into `values`, its open questions into `questions`."""
        stream = self._graph.astream(
            graph_input,
            {"recursion_limit": _STEPS, **config},
            context=self._context,
            stream_mode=["values", "custom"],
            subgraphs=True,  # whose nodes are heard, too
            durability="sync" if self._persistent else None,  # on disk before the next step begins
            control=self._stopper.control,
        )
        depth = sys.maxsize if _in_a_node() else 0  # of this graph among those around it
        async for namespace, mode, data in cast(AsyncIterator[tuple[Any, str, Any]], stream):
            depth = min(depth, len(namespace))
            if mode == "custom":
                self._forward(data, top_level=len(namespace) == depth)
            elif len(namespace) == depth:
                values.update(data)
                questions[:] = values.pop("__interrupt__", ())

    async def _outcome(
        self, values: Values, questions: tuple[Interrupt, ...], stopped_by: str = ""
    ) -> Outcome:
        if self._persistent:
            snapshot = await self._graph.aget_state(self._config)
            values, questions = snapshot.values, snapshot.interrupts
        if stopped_by:
            return Outcome(self._conclude(values), (), stopped_by)
        return Outcome(values, questions)

    def _forward(self, data: Any, *, top_level: bool) -> None:
        """Pass on what a node says; the graph's own `stopped` is held back to be the last."""
        is_event = isinstance(data, Mapping) and isinstance(data.get("type"), str)
        event = cast(Event, data) if is_event else Custom(type="custom", data=data)
        if top_level and event["type"] == "stopped":
            self._end = event
        else:
            self._on_event(event)

    def _report_end(self, outcome: Outcome) -> None:
        for question in outcome.questions:
            self._on_event(Asked(type="asked", id=question.id, question=question.value))
        if outcome.stopped_by:
            self._on_event(stopped("cancelled", outcome.state))
        elif not outcome.questions:
            self._on_event(self._end or stopped("ended", outcome.state))


def _in_a_node() -> bool:
    """Tell whether a node of a graph around ours calls us."""
    return bool(ensure_config().get("configurable", {}).get("checkpoint_ns"))
