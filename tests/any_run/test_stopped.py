"""A run stopped anywhere and taken up again ends as if it had not been stopped."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import Store
from gems_graph.calls.ledger import total
from gems_graph.errors import (
    GemsError,
)
from tests.any_run.cases import Case, cases
from tests.any_run.holds import ROLES, check_ledger, limit
from tests.any_run.oracle import Oracle
from tests.any_run.said import Key, Line, runs
from tests.any_run.test_answers import THREAD
from tests.any_run.world import World
from tests.untimed import untimed


def settled(case: Case) -> Case:
    """Leave out trouble whose end depends on how often it was met before, or was journaled."""

    def mends(key: Key, line: Line) -> bool:
        kinds = Counter("passing" if key[0] == "paint" else step.kind for step in line[:-1])
        few = kinds["passing"] <= case.dials["retries"]
        return few and kinds["garbage"] < case.dials["attempts"]

    return replace(case, trouble={k: line for k, line in case.trouble.items() if mends(k, line)})


@dataclass(frozen=True)
class Cut:
    """Where the watcher of a run goes away: after so many events of a stream."""

    events: int
    mode: Literal["updates", "tasks"]
    durability: Literal["sync", "async"]


cuts = st.builds(
    Cut,
    st.sampled_from(range(1, 41)),
    st.sampled_from(["updates", "tasks"]),
    st.sampled_from(["sync", "async"]),
)


def cut_off(graph: Any, case: Case, config: Any, cut: Cut) -> None:
    stream = graph.stream(case.given, config, stream_mode=cut.mode, durability=cut.durability)
    for _ in itertools.islice(stream, cut.events):
        pass
    stream.close()


async def acut_off(graph: Any, case: Case, config: Any, cut: Cut) -> None:
    stream = graph.astream(case.given, config, stream_mode=cut.mode, durability=cut.durability)
    left = cut.events
    async for _ in stream:
        if not (left := left - 1):
            break
    await stream.aclose()


def ended(run: Callable[[], Any]) -> Any:
    """Return the state that a run ended in, or the type of what it raised."""
    try:
        return run()
    except GemsError as error:
        return type(error)


def comparable(state: Any) -> Any:
    """Leave out what differs by right."""
    if isinstance(state, type):
        return state
    kept = {k: v for k, v in state.items() if k not in ("trajectory", "timings", "ledger")}
    kept = untimed(kept)
    result = dict(kept["result"])
    if result["stop"].get("node") == "verifier":  # of several failing probes, the first to fail
        result["stop"] = {**result["stop"], "error": ""}
    return {**kept, "result": result, "images": total(state["ledger"])["images"]}


NODES = {node: {task for task, role in ROLES.items() if role == node} for node in ROLES.values()}


@runs(30)
@given(case=cases(reseed=True).map(settled), cut=cuts, asynchronous=st.booleans())
def test_a_run_stopped_anywhere_ends_as_if_it_had_not_been(
    store: Store, case: Case, cut: Cut, asynchronous: bool
) -> None:
    whole = World(case)
    plain = whole.graph(store)
    config: Any = {"recursion_limit": limit(case), "configurable": THREAD}
    expected = ended(lambda: plain.invoke(case.given, {"recursion_limit": limit(case)}))

    world = World(case)
    graph = world.graph(store, checkpointer=InMemorySaver())
    with contextlib.suppress(*Oracle(case).end.raised):
        if asynchronous:
            asyncio.run(acut_off(graph, case, config, cut))
        else:
            cut_off(graph, case, config, cut)
    snapshot = graph.get_state(config)
    given = None if snapshot.values.get("prompt") else case.given
    if asynchronous:
        found = ended(lambda: asyncio.run(graph.ainvoke(given, config)))
    else:
        found = ended(lambda: graph.invoke(given, config))
    raised = Oracle(case).end.raised  # of several failing siblings, the first to fail
    if expected in raised:
        assert found in raised
    else:
        assert comparable(found) == comparable(expected)
        check_ledger(case, world, found, exact=False)
    check_paid_once(case, whole, world, set(snapshot.next))


def check_paid_once(case: Case, whole: World, world: World, again: set[str]) -> None:
    """Nothing is done again but what the interrupted nodes did, and that once."""
    once, twice = (Counter(key for key, _ in each.log) for each in (whole, world))
    more = {key: n for key, n in twice.items() if n > once[key]}
    failed = Oracle(case).end.nodes
    if "verifier" in failed:  # which probes a failing one cancels is for the clock to say
        more = {key: n for key, n in more.items() if ROLES[key[0]] != "verifier"}
    assert {key[0] for key in more} <= {task for node in again for task in NODES.get(node, ())}
    assert len({key[1] for key in more}) <= 1
    assert all(n <= 2 * once[key] for key, n in more.items())
    assert world.drawn <= whole.drawn + ("generator" in again)
