"""What became of every trajectory: one line each, the one worked on last first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, cast

from langgraph.types import StateSnapshot
from typing_extensions import TypedDict

from gems_graph.calls.ledger import total
from gems_graph.errors import ConfigError
from gems_graph.graph import Graph
from gems_graph.memory import best, has_image, passes
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.locks import is_claimed
from gems_graph.persistence.threads import Threads, config_of
from gems_graph.state import State, readable

Standing = Literal[
    "done", "best effort", "interrupted", "running", "waiting", "error", "budget", "not begun",
    "unreadable",
]  # fmt: skip
"""How a trajectory stands; one that runs on another machine, or from Python, looks interrupted."""
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError)
"""What decoding a damaged checkpoint raises."""


class Line(TypedDict):
    """One trajectory: the latest of its thread.

    `when` it was worked on last (ISO 8601), `passed` of `total` criteria in the chosen round or
    the best so far, `cost` (None: unknown), `error` in words.
    """

    thread: str
    trajectory: str
    when: str | None
    prompt: str
    rounds: int
    verdict: str
    passed: int | None
    total: int | None
    cost: float | None
    state: Standing
    error: str


class Parent(TypedDict):
    """Where a fork comes from: thread, checkpoint, and the last round that it kept."""

    thread: str
    checkpoint: str
    round: int


async def history(threads: Threads) -> AsyncIterator[Line]:
    """Tell of all trajectories, newest first; each is read only when it is asked for."""
    graph = threads.graph()
    for name in await thread_names(threads.saver):
        if line := await _line(graph, name):
            yield line


async def _line(graph: Graph, thread: str) -> Line | None:
    """Return the line of a thread; none where another graph's state is kept there."""
    try:
        snapshot = await graph.aget_state(config_of(thread))
        state = cast(State, snapshot.values)
        begun = isinstance(state.get("prompt"), str)
        if not begun and (snapshot.metadata or {}).get("source") != "input":
            return None
        readable(state)
        return _told(thread, snapshot)
    except (*UNREADABLE, ConfigError) as error:
        words = str(error) if isinstance(error, ConfigError) else "Its checkpoint is damaged."
        return Line(
            thread=thread, trajectory="", when=None, prompt="", rounds=0, verdict="unknown",
            passed=None, total=None, cost=None, state="unreadable", error=words,
        )  # fmt: skip


def _told(thread: str, snapshot: StateSnapshot) -> Line:
    state, stands = cast(State, snapshot.values), standing(snapshot)
    if stands == "not begun":  # the rest is of the thread's last trajectory
        state = State(prompt=state.get("prompt", ""))
    if stands in ("interrupted", "not begun") and is_claimed(thread):
        stands = "running"
    verdict, passed, of = verdict_of(state)
    return Line(
        thread=thread,
        trajectory=state.get("trajectory", ""),
        when=snapshot.created_at,
        prompt=state.get("prompt", ""),
        rounds=len(state.get("rounds", [])),
        verdict=verdict,
        passed=passed,
        total=of,
        cost=total(state.get("ledger", {}))["cost"],
        state=stands,
        error=error_of(snapshot),
    )


def standing(snapshot: StateSnapshot) -> Standing:
    """Tell how a thread stands from its last checkpoint."""
    if {"__start__", "begin"} & {*snapshot.next}:
        return "error" if error_of(snapshot) else "not begun"
    if snapshot.interrupts:
        return "waiting"
    result, reason = _result(snapshot), _stop(snapshot).get("reason")
    if reason == "budget":
        return "budget"
    if reason == "error" or error_of(snapshot):
        return "error"
    if snapshot.tasks or not result:
        return "interrupted"
    return "done" if result["success"] or reason == "accepted" else "best effort"


def error_of(snapshot: StateSnapshot) -> str:
    """Return what a thread failed on, in words; empty if nothing failed."""
    raised = [str(task.error) for task in snapshot.tasks if task.error]
    own = [error for error in raised if not error.startswith("CancelledError")]  # not a sibling's
    return own[0] if own else str(_stop(snapshot).get("error", ""))


def verdict_of(state: State) -> tuple[str, int | None, int | None]:
    """Return the verdict in words, and how many criteria passed of how many, where judged."""
    rounds, result = state.get("rounds", []), state.get("result")
    if not rounds:
        return ("not verified" if has_image(state) else "no image"), None, None
    if not result:
        chosen = best(rounds)
        passed, of = passes(chosen), len(chosen["verdicts"])
        return f"{passed}/{of} so far", passed, of
    passed, of = result["passed"], result["total"]
    accepted = result["stop"].get("reason") == "accepted"
    word = "passed" if result["success"] else "accepted" if accepted else "best effort"
    return f"{word} {passed}/{of}", passed, of


async def parent_of(threads: Threads, thread: str, trajectory: str) -> Parent | None:
    """Return where a trajectory was forked from, if it was."""
    updates = threads.saver.alist(config_of(thread), filter={"source": "update"})
    for checkpoint in [each async for each in updates]:  # to the end: it holds the saver's lock
        about = cast(Mapping[str, Any], checkpoint.metadata)
        if about.get("forked_from") and _id(checkpoint.checkpoint) == trajectory:
            return Parent(
                thread=about["forked_from"],
                checkpoint=about["forked_checkpoint"],
                round=about["forked_round"],
            )
    return None


def _id(checkpoint: Mapping[str, Any]) -> str:
    return str(checkpoint["channel_values"].get("trajectory", ""))


def _result(snapshot: StateSnapshot) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], snapshot.values.get("result") or {})


def _stop(snapshot: StateSnapshot) -> Mapping[str, Any]:
    """Return why the loop ended; a budget and an error are also told before the result is made."""
    return cast(
        Mapping[str, Any],
        _result(snapshot).get("stop") or snapshot.values.get("stop") or {},
    )
