"""Branch off: a new thread keeps the first rounds of a trajectory and goes on from there.

By LangGraph's time travel: the checkpoint after round K is looked up in the thread's history, and
its values become the state of a new trajectory in a thread of its own. The old one is only read.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from gems_graph.errors import UsageError
from gems_graph.graph import Graph
from gems_graph.images import Store, needed_by
from gems_graph.persistence.fork_state import Branch, branched
from gems_graph.persistence.threads import Threads, config_of
from gems_graph.prompting.sanitize import check_text
from gems_graph.settings import Settings
from gems_graph.state import ImageRef, Round, State
from gems_graph.strategies import Strategy, strategy_of


async def fork(
    threads: Threads,
    thread: str,
    *,
    round: int | None = None,  # noqa: A002
    prompt: str | None = None,
    criteria: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    to: str | None = None,
    graph: Graph | None = None,
) -> str:
    """Prepare a branch of a trajectory; return its thread, to go on with `invoke(None, ...)`.

    The branch is a trajectory of its own: ledger, clock and caps count what it does itself. With
    a prompt and criteria the last picture kept is judged before this returns, which is paid.

    Args:
        threads: hold the trajectory, and take the branch.
        thread: its latest trajectory is branched.
        round: the last one kept; 0: only the criteria and the first prompt; None: the last.
        prompt: drawn next, as written, instead of the Refiner's.
        criteria: the whole new checklist; the picture of the last round kept is judged by it.
        settings: those that change.
        to: name of the new thread; by default a fresh one.
        graph: yours, where models or generator are objects.

    Raises:
        UsageError: there is no such trajectory or round, nothing would be left to do, or a text
            is none that a database keeps.
        ConfigError: a setting is not valid, or a newer release wrote the trajectory.
        StoreError: a picture that is kept has been lost.
    """
    for text in (prompt or "", to or "", *(criteria or ())):
        check_text(text)
    state, new_thread = await threads.state(thread), to or uuid.uuid4().hex[:12]
    graph = graph or await threads.graph_of(thread)
    if await threads.saver.aget_tuple(config_of(new_thread)):
        msg = f"There is a thread {new_thread!r} already; give the fork a new name, or none at all."
        raise UsageError(msg)
    _check_strategy(strategy_of(state))
    branch = Branch(_round(thread, state, round), prompt, criteria, settings or {})
    source = await _source_of(graph, thread, branch.round)
    note = f"Forked from {thread!r} {_place_in_words(branch)}."
    branch_state = branched(state, cast(State, source.values), branch, note)
    with needed_by(state["trajectory"], thread):
        kept = state.get("rounds", [])[: branch.round]
        await asyncio.to_thread(_check_pictures, threads.store, kept, state.get("references", []))
    config: RunnableConfig = {
        **config_of(new_thread),
        "metadata": _parent_metadata(source, thread, branch),
    }
    await _write(threads, graph, config, branch_state, branch)
    return new_thread


def _round(thread: str, state: State, requested: int | None) -> int:
    last = len(state.get("rounds", []))
    if requested is None or 0 <= requested <= last:
        return last if requested is None else requested
    available = f"rounds 1 to {last}" if last > 1 else "round 1" if last else "no rounds yet"
    msg = f"{thread!r} has no round {requested}: it has {available}, and 0 stands for its plan."
    raise UsageError(msg)


async def _source_of(graph: Graph, thread: str, rounds_kept: int) -> StateSnapshot:
    """Return the earliest checkpoint of the trajectory that holds so many rounds.

    It is looked for from the thread's head over parents, as a history may also hold abandoned
    branches, and only within the trajectory, as a thread may have held others before.

    Raises:
        UsageError: the head itself holds no plan yet.
    """
    snapshot: StateSnapshot | None = await graph.aget_state(config_of(thread))
    earliest, trajectory = None, snapshot.values.get("trajectory") if snapshot else ""
    while snapshot and _holds_rounds(snapshot.values, rounds_kept, trajectory):
        earliest, parent = snapshot, snapshot.parent_config
        snapshot = await graph.aget_state(parent) if parent else None
    if earliest is None:
        msg = f"{thread!r} has no plan yet: go on with `gems resume {thread}`."
        raise UsageError(msg)
    return earliest


def _holds_rounds(state: Mapping[str, Any], rounds_kept: int, trajectory: object) -> bool:
    has_plan = state.get("criteria") and state.get("attempt", {}).get("n")
    same_trajectory = state.get("trajectory") == trajectory
    return bool(has_plan) and same_trajectory and len(state.get("rounds", [])) >= rounds_kept


def _place_in_words(branch: Branch) -> str:
    return f"after round {branch.round}" if branch.round else "after its plan"


def _check_pictures(store: Store, rounds: Sequence[Round], references: Sequence[ImageRef]) -> None:
    """Make sure that pictures and thoughts of rounds are there, and pictures to go by.

    Raises:
        StoreError: one is missing.
    """
    for each in references:
        store.read(each["sha256"])
    for round_ in rounds:
        drawn = [each["image"]["sha256"] for each in round_.get("variations", [])]
        for sha256 in (round_["image"]["sha256"], round_["thought"]["sha256"], *drawn):
            if sha256 and not store.has(sha256):
                store.read(sha256)


def _parent_metadata(source: StateSnapshot, thread: str, branch: Branch) -> dict[str, Any]:
    """Return the metadata of a branch's first checkpoint: thread, checkpoint and round forked."""
    return {
        "forked_from": thread,
        "forked_checkpoint": source.config["configurable"]["checkpoint_id"],
        "forked_round": branch.round,
    }


async def _write(
    threads: Threads, graph: Graph, config: RunnableConfig, state: State, branch: Branch
) -> None:
    """Write the branch to its thread, so that it goes on with what is next."""
    strategy = strategy_of(state)
    if not branch.judges:
        # no pause here: whoever forks has just said what should be different
        finished_node = strategy.pauses["verdicts" if branch.round else "criteria"]
        await graph.aupdate_state(config, state, as_node=finished_node)
        return
    await graph.aupdate_state(config, state, as_node=strategy.playing("draw")[-1])
    if branch.prompt:
        await _judge(threads, graph, config, branch, strategy)


async def _judge(
    threads: Threads, graph: Graph, config: RunnableConfig, branch: Branch, strategy: Strategy
) -> None:
    """Judge the picture by the new criteria; only then can the next prompt be put in its place.

    Raises:
        GemsError: it cannot be judged; there is no branch then.
    """
    thread_config = config_of(config["configurable"]["thread_id"])
    try:
        await graph.ainvoke(
            None,
            thread_config,
            context=Settings(raise_on_error=True),
            interrupt_after=strategy.playing("judge"),
            durability="sync",
        )
        finished_node = strategy.pauses["verdicts"]
        await graph.aupdate_state(
            thread_config, {"attempt": branch.user_attempt}, as_node=finished_node
        )
    except BaseException:
        await threads.saver.adelete_thread(thread_config["configurable"]["thread_id"])
        raise


def _check_strategy(strategy: Strategy) -> None:
    """Make sure that rounds follow each other, with a point after each to go on from.

    Raises:
        UsageError: they do not.
    """
    if not {"criteria", "verdicts"} <= strategy.pauses.keys():
        msg = (
            f"A trajectory of the strategy {strategy.name!r} has no rounds to branch off from: "
            "run it again with other settings."
        )
        raise UsageError(msg)
