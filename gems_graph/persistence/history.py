"""List trajectories and how they ended: one line each, the one worked on last first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Container, Mapping
from contextlib import aclosing
from typing import Any, cast

from langgraph.checkpoint.base import CheckpointTuple
from typing_extensions import TypedDict

from gems_graph.calls.ledger import total
from gems_graph.errors import ConfigError
from gems_graph.memory import best, has_image, passes, unjudged
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.last import UNREADABLE, Last, config_of, read_last
from gems_graph.persistence.threads import Threads
from gems_graph.report.standing import Standing, error_in, goes_on, reasons, standing
from gems_graph.state import State, check_readable


class Line(TypedDict):
    """One trajectory: the latest of its thread.

    `when` it was worked on last (ISO 8601), `image` the SHA-256 of the chosen picture or the best
    so far (empty: there is none), `passed` of `total` criteria in the chosen round or
    the best so far, `cost` (None: unknown), `stop_reason` (empty: it has not stopped), `open`:
    whether it may be taken up or waits, `error` in words.
    """

    thread: str
    trajectory: str
    when: str | None
    prompt: str
    image: str
    rounds: int
    verdict: str
    passed: int | None
    total: int | None
    cost: float | None
    state: Standing
    stop_reason: str
    open: bool
    error: str


class Parent(TypedDict):
    """Where a fork comes from: thread, checkpoint, and the last round that it kept."""

    thread: str
    checkpoint: str
    round: int


async def history(threads: Threads) -> AsyncIterator[Line]:
    """Yield a line for each trajectory, newest first; each is read only when it is asked for."""
    busy = await threads.claims.busy()
    for name in await thread_names(threads.saver):
        if line := await _line(threads, name, busy):
            yield line


def is_among(line: Line, states: Collection[str]) -> bool:
    """Tell whether a trajectory stands in one of these ways, as `standings_in` reads them."""
    return not states or bool({line["state"], line["stop_reason"]} & {*states})


async def _line(threads: Threads, thread: str, busy: Container[str]) -> Line | None:
    """Return the line of a thread; None where another graph's state is kept there."""
    try:
        last = await read_last(threads.saver, thread)
        if not isinstance(last.values.get("prompt"), str) and last.source != "input":
            return None
        check_readable(cast(State, last.values))
        return _readable_line(thread, last, thread in busy)
    except (*UNREADABLE, ConfigError) as error:
        message = str(error) if isinstance(error, ConfigError) else "Its checkpoint is damaged."
        return Line(
            thread=thread, trajectory="", when=None, prompt="", image="", rounds=0,
            verdict="unknown", passed=None, total=None, cost=None, state="unreadable",
            stop_reason="", open=False, error=message,
        )  # fmt: skip


def _readable_line(thread: str, last: Last, busy: bool) -> Line:
    state, status = cast(State, last.values), standing_of(last, busy=busy)
    if last.begins and not last.errors:  # the rest is of the thread's last trajectory
        state = State(prompt=state.get("prompt", ""))
    verdict, passed, judged = verdict_of(state)
    return Line(
        thread=thread,
        trajectory=state.get("trajectory", ""),
        when=last.when,
        prompt=state.get("prompt", ""),
        image=_image(state),
        rounds=len(state.get("rounds", [])),
        verdict=verdict,
        passed=passed,
        total=judged,
        cost=total(state.get("ledger", {}))["cost"],
        state=status,
        stop_reason=next(iter(sorted(reasons(state))), ""),
        open=status not in ("running", "not begun") and goes_on(status, state),
        error=error_in(state, last.errors),
    )


def _image(state: State) -> str:
    if result := state.get("result"):
        return result["image"]["sha256"]
    rounds = state.get("rounds", [])
    drawn = best(rounds) if rounds else next(iter(unjudged(state)), None)
    return drawn["image"]["sha256"] if drawn else ""


def standing_of(last: Last, *, busy: bool = False) -> Standing:
    """Tell how a thread stands.

    Args:
        last: how it was left.
        busy: whether somebody works on it now.
    """
    return standing(
        last.values,
        begins=last.begins,
        unfinished=bool(last.upcoming),
        waits=bool(last.interrupts),
        errors=last.errors,
        busy=busy,
    )


def verdict_of(state: State) -> tuple[str, int | None, int | None]:
    """Return the verdict in words, and how many criteria passed of how many, where judged."""
    rounds, result = state.get("rounds", []), state.get("result")
    if not rounds:
        return ("not verified" if has_image(state) else "no image"), None, None
    if not result:
        chosen = best(rounds)
        passed, judged = passes(chosen), len(chosen["verdicts"])
        return f"{passed}/{judged} so far", passed, judged
    passed, judged = result["passed"], result["total"]
    accepted = result["stop"].get("reason") == "accepted"
    outcome = "passed" if result["success"] else "accepted" if accepted else "best effort"
    return f"{outcome} {passed}/{judged}", passed, judged


async def parent_of(threads: Threads, thread: str, trajectory: str) -> Parent | None:
    """Return where a trajectory was forked from, if it was."""
    updates = threads.saver.alist(config_of(thread), filter={"source": "update"})
    async with aclosing(cast(AsyncGenerator[CheckpointTuple], updates)) as tuples:
        checkpoints = [
            checkpoint async for checkpoint in tuples
        ]  # to the end: it holds the saver's lock
    for checkpoint in checkpoints:
        metadata = cast(Mapping[str, Any], checkpoint.metadata)
        if metadata.get("forked_from") and _trajectory_of(checkpoint.checkpoint) == trajectory:
            return Parent(
                thread=metadata["forked_from"],
                checkpoint=metadata["forked_checkpoint"],
                round=metadata["forked_round"],
            )
    return None


def _trajectory_of(checkpoint: Mapping[str, Any]) -> str:
    return str(checkpoint["channel_values"].get("trajectory", ""))
