"""Bind our modules to LangGraph: settings, events, time limit, failures, usage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import get_runtime
from langgraph.types import Overwrite

from gems_graph.calls.budget import Place
from gems_graph.errors import BudgetError, ConfigError
from gems_graph.events import NodeEnded, NodeStarted, Tell
from gems_graph.images import needed_by
from gems_graph.memory import has_image, seconds_worked
from gems_graph.runtime.contract import check, check_dials, check_filled
from gems_graph.runtime.events_of import events_of
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.module import Module, Update
from gems_graph.runtime.steps import Steps
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.runtime.traced import logged, traced_node
from gems_graph.settings import Settings, as_layer, settle
from gems_graph.state import LISTS, MAPPINGS, State, Stop, check_readable

_CLEARED = {
    **{name: Overwrite([]) for name in LISTS},
    **{name: Overwrite({}) for name in MAPPINGS},
}
"""Channels that accumulate: a thread used again would go on where it ended."""


class Node(Runnable[State, Update]):
    """`async (state, toolbox) -> update` as a LangGraph node.

    Args:
        module: what it does, and what is known of it.
        graph_settings: those that the graph was built with; their `strategy` is the graph's own.
        make_toolbox: makes the node's toolbox from the settings in effect.
        pauses: points at which the graph can ask a person.
        honours: dials of `contract.SPECIAL` that mean something in this graph.
        steps: the ways through the graph.
    """

    name: str

    def __init__(
        self,
        module: Module,
        graph_settings: Settings,
        make_toolbox: MakeToolbox,
        pauses: Collection[str],
        honours: Collection[str],
        steps: Steps,
    ) -> None:
        self.name = module.name
        self._module, self._graph_settings = module, graph_settings
        self._make_toolbox, self._steps = make_toolbox, steps
        self._pauses, self._honours = pauses, honours

    def invoke(self, input: State, config: RunnableConfig | None = None, **_: Any) -> Update:  # noqa: A002
        """Run the node for a caller without an event loop."""
        return BACKGROUND.run(lambda: self._run(input, config))

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **_: Any) -> Update:  # noqa: A002
        """Run the node for a caller on any event loop."""
        return await BACKGROUND.arun(lambda: self._run(input, config))

    async def _run(self, state: State, config: RunnableConfig | None) -> Update:
        if not self._module.always and _has_ended(state):  # pass through to the exit
            return {}
        settings = self._settings(state, config)
        place = _place(state, config)
        toolbox, tell = self._make_toolbox(settings, place), get_runtime().stream_writer
        toolbox.tell, doing = (tell := logged(tell, config)), self._module.doing
        tell(NodeStarted(type="node_started", node=self.name, doing=doing, round=place.round))
        started_at = time.monotonic()
        try:
            with needed_by(state.get("trajectory", "")), traced_node(self.name, place, config):
                check_filled(self._module, state)
                async with self._time_limit(state, settings):
                    update = await self._module.run(state, toolbox)
        except GraphBubbleUp:  # interrupts and drains are exceptions, too
            raise
        except Exception as error:  # noqa: BLE001  # raised again unless a picture would be lost
            update = self._failure_update(state, settings, error)
        check(self._module, update)
        if stop := await self._steps.stop_after(self.name, state, update):
            update = {**update, "stop": stop}
        for event in events_of(state, update):
            tell(event)
        seconds = time.monotonic() - started_at
        if self._module.part == "begin":
            tell(NodeEnded(type="node_ended", node=self.name, round=0, seconds=seconds, used={}))
            return {**update, **_CLEARED}
        return self._with_usage(state, update, toolbox, seconds, tell, config)

    def _settings(self, state: State, config: RunnableConfig | None) -> Settings:
        """Return the settings in effect: the run's own, over the trajectory's, over the graph's.

        Raises:
            ConfigError: they are not valid, or the trajectory is of another strategy.
        """
        begins, trajectory_settings = self._module.part == "begin", state.get("settings", {})
        if begins:  # it forgets what another release or trajectory may have left
            trajectory_settings = {}
        else:
            check_readable(state)
        settings = settle(
            self._graph_settings, trajectory_settings, as_layer(get_runtime().context)
        )
        if settings.strategy != self._graph_settings.strategy:
            msg = (
                f"This graph runs the strategy {self._graph_settings.strategy!r}, not "
                f"{settings.strategy!r}: build_graph(strategy={settings.strategy!r})."
            )
            raise ConfigError(msg)
        if begins:
            check_dials(settings, self._pauses, self._honours, config)
            self._steps.check(state, self.name)
        return settings

    @asynccontextmanager
    async def _time_limit(self, state: State, settings: Settings) -> AsyncIterator[None]:
        """Let the module run for no longer than the trajectory may still work.

        Raises:
            BudgetError: the time is over.
        """
        cap = settings.max_seconds
        if cap is None or self._module.always:
            yield
            return
        limit = asyncio.timeout(max(0.0, cap - seconds_worked(state.get("timings", []))))
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if not limit.expired():  # it is the module's own
                raise
            msg = f"The cap on seconds is reached: {cap:g} s of work. Raise max_seconds."
            raise BudgetError(msg) from error

    def _failure_update(self, state: State, settings: Settings, error: Exception) -> Update:
        """Return the update that ends the loop with the best so far; raise where there is none."""
        message = f"{type(error).__name__}: {error}"
        reason = "budget" if isinstance(error, BudgetError) else "error"
        stop = Stop(reason=reason, node=self.name, error=message)  # type: ignore[typeddict-item]
        if settings.raise_on_error or self._module.always:
            raise error
        if self._module.candidate:
            n = state.get("attempt", {}).get("n", 0)
            return {"failed": [{**stop, "round": n}], "notes": [f"Candidate {n} failed: {message}"]}
        if not has_image(state):
            raise error
        return {"stop": stop}

    def _with_usage(
        self,
        state: State,
        update: Update,
        toolbox: Toolbox,
        seconds: float,
        tell: Tell,
        config: RunnableConfig | None,
    ) -> Update:
        """Add the wall time and the usage by role to an update, and report that the node ended."""
        n, seconds = self._module.round_of(state, update), round(seconds, 4)
        tell(
            NodeEnded(
                type="node_ended", node=self.name, round=n, seconds=seconds, used=toolbox.ledger
            )
        )
        step = int((config or {}).get("metadata", {}).get("langgraph_step", 0))
        timing = {"node": self.name, "round": n, "seconds": seconds, "step": step}
        return {**update, "ledger": toolbox.ledger, "timings": [timing]}


def in_effect(state: State) -> Settings:
    """Return the settings in effect for a conditional edge or a pause, the same as for a node."""
    runtime: Any = get_runtime()  # none where `update_state` asks for the way on
    return settle(state["settings"], as_layer(runtime and runtime.context))


def _has_ended(state: State) -> bool:
    """Tell whether the loop has ended: something stopped it, or every candidate failed."""
    return bool(state.get("stop") or (state.get("failed") and not has_image(state)))


def _place(state: State, config: RunnableConfig | None) -> Place:
    """Return where the node works: trajectory, round, and whether the run can be resumed."""
    configurable: Mapping[str, Any] = (config or {}).get("configurable", {})
    n = state.get("attempt", {}).get("n", 0)
    return Place(state.get("trajectory", ""), n, bool(configurable.get("thread_id")))
