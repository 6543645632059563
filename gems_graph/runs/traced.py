"""A run as a span, with what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gems_graph.calls.ledger import total
from gems_graph.runs.outcome import Outcome
from gems_graph.traces.facts import about
from gems_graph.traces.spans import note, span


@contextmanager
def traced_run(graph: str, thread: str | None) -> Iterator[Callable[[Outcome], None]]:
    """Let the block be a run of a graph; what it yields is told how far it came."""
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": graph}
    with about(thread=thread), span(f"invoke_agent {graph}", attributes):
        yield _note_outcome


def _note_outcome(outcome: Outcome) -> None:
    state, result = outcome.state, outcome.state.get("result") or {}
    used = total(state.get("ledger") or {})
    note(
        {
            "gems.trajectory": state.get("trajectory"),
            "gems.reason": result.get("stop", {}).get("reason"),
            "gems.success": result.get("success"),
            "gems.rounds": len(state.get("rounds") or []),
            "gems.calls": used["calls"],
            "gems.images": used["images"],
            "gems.cost": used["cost"],
        }
    )
