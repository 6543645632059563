"""Whatever models and painters do: the run ends, in bounds, with the best picture."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import Store
from gems_graph.errors import (
    GemsError,
)
from tests.any_run.cases import CAPS, cases
from tests.any_run.holds import (
    THEMES,
    check_caps,
    check_ending,
    check_ledger,
    check_raised,
    check_result,
    check_rounds,
    check_tries,
    limit,
    plain_json,
)
from tests.any_run.said import runs
from tests.any_run.world import World

doors = st.sampled_from(["stream", "stream", "ainvoke"])
THREAD = {"thread_id": "t"}  # whose calls are journaled


@pytest.mark.parametrize("theme", THEMES)
@runs(36)
@given(data=st.data(), caps=CAPS, door=doors, thread=st.booleans())
def test_any_answers_and_failures_end_in_bounds_with_the_best_picture(
    store: Store, theme: str, data: Any, caps: dict[str, Any], door: str, thread: bool
) -> None:
    case = data.draw(cases(**THEMES[theme]))
    case = replace(case, dials={**case.dials, **caps})
    world = World(case)
    graph = world.graph(store, checkpointer=InMemorySaver() if thread else None)
    config = {"recursion_limit": limit(case), "configurable": THREAD if thread else {}}
    try:
        if door == "ainvoke":
            out = asyncio.run(graph.ainvoke(case.given, config))
        else:
            *_, out = graph.stream(case.given, config, stream_mode="values")
    except GemsError as error:
        check_raised(case, world, error, bool(caps))
        check_tries(case, world)
        check_caps(case, world, None)
        return
    check_ending(case, world, out, bool(caps))
    check_rounds(case, world, out)
    check_result(out, case.dials.get("tie_break", "first"))
    check_ledger(case, world, out)
    check_caps(case, world, out)
    check_tries(case, world)
    assert plain_json(graph.get_state(config).values if thread else out)
    for ref in [r["image"] for r in out["rounds"]]:
        assert store.open(ref).size == (ref["width"], ref["height"])
