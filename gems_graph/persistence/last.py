"""A thread as it stands, read from its last checkpoint alone: no graph is built for it.

LangGraph's `aget_state` says the same, but needs the right graph, and its import takes longer than
reading a thousand threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_type_hints

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from pydantic import TypeAdapter

from gems_graph.private_hooks import Steps, is_internal, overwriting, scheduled
from gems_graph.state import LISTS, MAPPINGS, State

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError)
"""What reading a damaged checkpoint raises, or one of a type or a shape that is not ours."""


@dataclass(frozen=True)
class Last:
    """How a thread was left.

    Attributes:
        values: its state, with what those nodes wrote that have finished since.
        upcoming: nodes of the superstep that is next, or in which it was left.
        finished: how many of them have finished.
        interrupts: questions that nobody has answered.
        errors: what nodes raised, in words, but for those that a sibling's error cut off.
        source: what wrote the checkpoint: `input`, `loop`, `update` or `fork`; empty for none.
        when: it was written, ISO 8601.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    upcoming: tuple[str, ...] = ()
    finished: int = 0
    interrupts: tuple[Any, ...] = ()
    errors: tuple[str, ...] = ()
    source: str = ""
    when: str | None = None

    @property
    def begins(self) -> bool:
        """Whether nothing has been drawn or paid since the thread was given its request."""
        return bool({"__start__", "begin"} & {*self.upcoming}) and not self.finished


def config_of(thread: str) -> RunnableConfig:
    """Return LangGraph's name for a thread."""
    return {"configurable": {"thread_id": thread}}


async def read_last(saver: BaseCheckpointSaver[Any], thread: str) -> Last:
    """Return how a thread was left; an empty one where there is none."""
    head = await saver.aget_tuple(config_of(thread))
    return last_of(head) if head else Last()


def check_shape(values: Mapping[str, Any]) -> None:
    """Make sure that a state has the shape of ours; what it holds beside is not looked at.

    Raises:
        ValidationError: it has not, a `ValueError`.
    """
    _shape().validate_python(dict(values))


@cache
def _shape() -> TypeAdapter[Any]:
    return TypeAdapter(State)


def last_of(head: CheckpointTuple) -> Last:
    """Return how a thread was left, from its last checkpoint and the writes after it."""
    checkpoint, steps = head.checkpoint, Steps(head.pending_writes or [])
    values: dict[str, Any] = {**{name: [] for name in LISTS}, **{name: {} for name in MAPPINGS}}
    values |= {k: v for k, v in checkpoint["channel_values"].items() if not is_internal(k)}
    for channel, value in steps.inputs:
        _write(values, channel, value)
    for output in steps.outputs.values():
        for channel, value in output:
            _write(values, channel, value)
    return Last(
        values=values,
        upcoming=tuple(scheduled(checkpoint)),
        finished=len(steps.outputs),
        interrupts=tuple(steps.interrupts),
        errors=tuple(e for e in steps.errors if not e.startswith("CancelledError")),
        source=str((head.metadata or {}).get("source", "")),
        when=checkpoint["ts"],
    )


def _write(values: dict[str, Any], channel: str, value: Any) -> None:
    if is_internal(channel):
        return
    overwrites, value = overwriting(value)
    reduce = _reducers().get(channel)
    if overwrites or reduce is None or channel not in values:
        values[channel] = value
    else:
        values[channel] = reduce(values[channel], value)


@cache
def _reducers() -> dict[str, Callable[[Any, Any], Any]]:
    """Return how updates of a channel are joined to what it holds, as the state declares it."""
    hints = get_type_hints(State, include_extras=True)
    annotated = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {
        name: annotations[-1]
        for name, annotations in annotated.items()
        if annotations and callable(annotations[-1]) and not isinstance(annotations[-1], type)
    }
