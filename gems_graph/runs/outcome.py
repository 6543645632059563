"""How far a run came, and how its first and last events say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langgraph.types import Interrupt

from gems_graph.events import RunStarted, Stopped

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How far a run came.

    Attributes:
        state: the graph's values; of one without a checkpointer, what it gives out.
        questions: what it waits for; none if it has ended or was stopped.
        stopped_by: why it was stopped before its end; empty if it was not.
        idle: whether nothing was done, as it had ended or waits.
    """

    state: Any
    questions: tuple[Interrupt, ...] = field(default=())
    stopped_by: str = ""
    idle: bool = field(default=False, compare=False)

    @property
    def question(self) -> Any:
        """The first open question; None if there is none."""
        return self.questions[0].value if self.questions else None


def as_it_stands(state: Values) -> Values:
    """Conclude nothing from an interrupted state."""
    return state


def started(thread: str, graph: str, before: Values) -> RunStarted:
    """Return the first event of a run; of another graph, as far as it has the same channels."""
    return RunStarted(
        type="run_started",
        thread=thread,
        strategy=str((before.get("settings") or {}).get("strategy") or graph),
        prompt=str(before.get("prompt") or ""),
        criteria=before.get("criteria") or [],
        rounds=before.get("rounds") or [],
        used=before.get("ledger") or {},
    )


def stopped(default_reason: str, state: Values) -> Stopped:
    """Return the last event of a run; the reason is that of its result where there is one."""
    result = state.get("result") or None
    reason = (result or {}).get("stop", {}).get("reason", default_reason)
    return Stopped(type="stopped", reason=reason, result=result)
