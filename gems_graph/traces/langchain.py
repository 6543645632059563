"""Runs as LangChain's tracers keep them, LangSmith's among them: named, and without pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from inspect import iscoroutinefunction
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.tracers.base import AsyncBaseTracer, BaseTracer
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langsmith.utils import tracing_is_enabled

from gems_graph.traces.facts import facts
from gems_graph.traces.pictures import without_pictures

_FRAMEWORK = {
    "langchain",
    "langchain_classic",
    "langchain_community",
    "langchain_core",
    "langgraph",
}


def call_config(role: str) -> RunnableConfig:
    """Return the config of a call to a chat model: name, place, callbacks that see no picture.

    Args:
        role: who is asked.
    """
    place, inherited = facts(), ensure_config()
    config = RunnableConfig(
        run_name=f"{role}, round {place['round']}" if place.get("round") else role,
        tags=[*inherited["tags"], f"role:{role}"],
        metadata={**inherited["metadata"], **in_metadata({"role": role, **place})},
    )
    if _anybody_looks(inherited["callbacks"]):
        manager = AsyncCallbackManager.configure(inherited["callbacks"])
        manager.handlers = [*map(_blinded, manager.handlers)]
        manager.inheritable_handlers = [*map(_blinded, manager.inheritable_handlers)]
        config["callbacks"] = manager
    return config


def in_metadata(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as the metadata of runs has them; LangGraph puts the thread there itself."""
    return {f"gems_{name}": each for name, each in known.items() if name != "thread"}


def mark(config: RunnableConfig | None) -> None:
    """Add the facts to the run that tracers keep of a node: its round is known only inside.

    Holds for: langchain-core >=1.7,<2
    """
    manager: Any = (config or {}).get("callbacks")
    for handler in getattr(manager, "handlers", ()):
        run = getattr(handler, "run_map", {}).get(str(manager.parent_run_id))
        if run is not None:
            run.extra = {**(run.extra or {})}
            run.extra["metadata"] = {**run.extra.get("metadata", {}), **in_metadata(facts())}


def _anybody_looks(callbacks: Any) -> bool:
    """Tell whether there is a handler, or one will be: tracing may be on where no graph runs."""
    return bool(getattr(callbacks, "handlers", callbacks) or tracing_is_enabled())


def _blinded(handler: BaseCallbackHandler) -> BaseCallbackHandler:
    """Return a handler, the same but for what it is shown when a chat model is asked.

    It shares all it knows with the one given. Those of the framework that stream or count stay as
    they are: some are told apart by who they are.
    """
    if isinstance(handler, _Blind | _AsyncBlind) or not _records(handler):
        return handler
    kind: Any = type(handler)
    blind = object.__new__(_blind_class(kind))
    blind.__dict__ = handler.__dict__
    return blind  # type: ignore[no-any-return]


def _records(handler: BaseCallbackHandler) -> bool:
    """Tell whether a handler keeps what it is shown."""
    if isinstance(handler, RunCollectorCallbackHandler):
        return False
    is_tracer = isinstance(handler, BaseTracer | AsyncBaseTracer)
    return is_tracer or type(handler).__module__.partition(".")[0] not in _FRAMEWORK


@cache
def _blind_class(kind: Any) -> type[Any]:
    blind = _AsyncBlind if iscoroutinefunction(kind.on_chat_model_start) else _Blind
    return type(kind.__name__, (blind, kind), {"__module__": kind.__module__})


class _Blind:
    """Sees messages without pictures."""

    def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> Any:
        seen = _seen(messages)
        return super().on_chat_model_start(serialized, seen, **told)  # type: ignore[misc]


class _AsyncBlind:
    """Sees messages without pictures."""

    async def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> Any:
        seen = _seen(messages)
        return await super().on_chat_model_start(serialized, seen, **told)  # type: ignore[misc]


def _seen(batches: Sequence[Sequence[BaseMessage]]) -> list[list[BaseMessage]]:
    return [
        [each.model_copy(update={"content": without_pictures(each.content)}) for each in batch]
        for batch in batches
    ]
