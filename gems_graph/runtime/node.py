"""Bind our nodes to LangGraph: one background loop, settings in effect, best image never lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.constants import CONFIG_KEY_CHECKPOINTER
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import get_runtime
from langgraph.types import Overwrite
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from gems_graph.calls.budget import Place
from gems_graph.errors import BudgetError, ConfigError
from gems_graph.events import NodeEnded, NodeStarted, events_of
from gems_graph.images import needed_by
from gems_graph.memory import has_image, worked
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.settings import Settings, ours, settle
from gems_graph.state import State, readable

Update = dict[str, Any]
_CLEARED = {
    **{key: Overwrite([]) for key in ("rounds", "experiences", "notes", "timings")},
    "stop": Overwrite({}),
    "ledger": Overwrite({}),
}
"""Channels that accumulate: a thread used again would go on where it ended."""
NodeFunction = Callable[[State, Toolbox], Awaitable[Update]]


class Node(Runnable[State, Update]):
    """`async (state, toolbox) -> update` as a LangGraph node.

    Args:
        name: the node's name in the graph.
        function: what it does.
        built: the settings that the graph was built with.
        make_toolbox: makes the node's toolbox from the settings in effect.
    """

    name: str

    def __init__(
        self, name: str, function: NodeFunction, built: Settings, make_toolbox: MakeToolbox
    ) -> None:
        self.name = name
        self._function, self._built, self._make_toolbox = function, built, make_toolbox

    def invoke(self, input: State, config: RunnableConfig | None = None, **_: Any) -> Update:  # noqa: A002
        """Run the node for a caller without an event loop."""
        return BACKGROUND.run(lambda: self._run(input, config))

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **_: Any) -> Update:  # noqa: A002
        """Run the node for a caller on any event loop."""
        return await BACKGROUND.arun(lambda: self._run(input, config))

    async def _run(self, state: State, config: RunnableConfig | None) -> Update:
        if state.get("stop") and self.name not in {"begin", "select"}:
            return {}  # the loop has ended: pass through to the exit
        kept: Mapping[str, Any] = {}
        if self.name != "begin":  # which forgets what another release may have left
            readable(state)
            kept = state.get("settings", {})
        settings = settle(self._built, kept, ours(get_runtime().context))
        if self.name == "begin" and settings.pause != "never":
            _need_checkpointer(config)
        toolbox = self._make_toolbox(settings, _place(state, config))
        tell, n = get_runtime().stream_writer, state.get("attempt", {}).get("n", 0)
        n = 0 if self.name == "begin" else n
        tell(NodeStarted(type="node_started", node=self.name, doing=self.name, round=n))
        started = time.monotonic()
        try:
            with needed_by(state.get("trajectory", "")):
                update = await self._limited(state, toolbox)
        except GraphBubbleUp:  # interrupts and drains are exceptions, too
            raise
        except Exception as error:
            lost = self.name in {"begin", "select"} or not has_image(state)
            if settings.raise_on_error or lost:
                raise
            reason = "budget" if isinstance(error, BudgetError) else "error"
            update = {"stop": {"reason": reason, "node": self.name, "error": _in_words(error)}}
        check(self.name, update)
        seconds, used = round(time.monotonic() - started, 4), toolbox.ledger
        for event in events_of(self.name, state, plain(update)):
            tell(event)
        tell(NodeEnded(type="node_ended", node=self.name, round=n, seconds=seconds, used=used))
        if self.name == "begin":
            return {**update, **_CLEARED}
        update = {**update, "ledger": toolbox.ledger}
        return self._timed(state, update, time.monotonic() - started)

    async def _limited(self, state: State, toolbox: Toolbox) -> Update:
        """Run the node for no longer than the trajectory may still work."""
        cap = toolbox.settings.max_seconds
        if cap is None or self.name == "select":
            return await self._function(state, toolbox)
        left = cap - worked(state.get("timings", []))
        limit = asyncio.timeout(max(0.0, left))
        try:
            async with limit:
                return await self._function(state, toolbox)
        except TimeoutError as error:
            if not limit.expired():  # it is the node's own
                raise
            msg = f"The cap on seconds is reached: {cap:g} s of work. Raise max_seconds."
            raise BudgetError(msg) from error

    def _timed(self, state: State, update: Update, seconds: float) -> Update:
        n = update.get("attempt", state.get("attempt", {})).get("n", 0)
        if self.name == "compressor":  # a person may have written the next attempt's prompt already
            n = state["rounds"][-1]["n"]
        timing = {"node": self.name, "round": n, "seconds": round(seconds, 4)}
        return {**update, "timings": [timing]}


def in_effect(state: State) -> Settings:
    """Return the settings that a conditional edge or a pause goes by: as a node has them."""
    runtime: Any = get_runtime()  # none where `update_state` asks for the way on
    return settle(state["settings"], ours(runtime and runtime.context))


def _need_checkpointer(config: RunnableConfig | None) -> None:
    """Make sure, before anything is paid, that something keeps the run while it waits.

    Raises:
        ConfigError: nothing does.
    """
    if (config or {}).get("configurable", {}).get(CONFIG_KEY_CHECKPOINTER) is None:
        msg = (
            "`pause` needs a checkpointer, which keeps the run while it waits: "
            "build_graph(pause=..., checkpointer=...), invoked with a thread_id; or pause='never'."
        )
        raise ConfigError(msg)


def _place(state: State, config: RunnableConfig | None) -> Place:
    """Say where the node works; a run with a thread may be taken up again."""
    kept = bool((config or {}).get("configurable", {}).get("thread_id"))
    return Place(state.get("trajectory", ""), state.get("attempt", {}).get("n", 0), kept)


_UPDATE: TypeAdapter[Any] = TypeAdapter(
    with_config(ConfigDict(strict=True, extra="forbid"))(State),
)

_OWED = {"generator": "attempt", "verifier": "rounds", "refiner": "attempt"}


def check(node: str, update: Any) -> None:
    """Make sure that a node returned what it owes, with values of the right types.

    LangGraph would drop unknown keys in silence, and store bad values.

    Raises:
        TypeError: it did not.
    """
    if not isinstance(update, Mapping):
        msg = f"The node {node!r} returned {update!r:.100}, not an update of State."
        raise TypeError(msg)
    try:
        _UPDATE.validate_python(plain(update))
    except ValidationError as error:
        msg = f"The node {node!r} returned an update that is not of State: {error}"
        raise TypeError(msg) from error
    owed = _OWED.get(node)
    if owed and not update.get(owed) and "stop" not in update:
        msg = f"The node {node!r} returned no {owed!r}, without which the loop cannot go on."
        raise TypeError(msg)


def plain(update: Mapping[str, Any]) -> Update:
    """Return the values of an update, those that overwrite a channel unwrapped."""
    return {k: v.value if isinstance(v, Overwrite) else v for k, v in update.items()}


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
