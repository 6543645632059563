"""A strategy that is not GEMS gets everything that GEMS has: nothing of ours knows its nodes."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import build_graph
from gems_graph.batch import estimate
from gems_graph.batch.plan import Task
from gems_graph.errors import BudgetError, ConfigError, GeneratorError, UsageError
from gems_graph.memory import seconds_worked
from gems_graph.persistence.fork import fork
from gems_graph.persistence.threads import Threads, config_of
from gems_graph.report.folder import write
from gems_graph.runtime.module import Module
from gems_graph.settings import settle
from gems_graph.strategies import gems
from gems_graph.testing import Painter
from tests.conftest import Loop, criteria, verdicts
from tests.installed import install_side_by_side

AT = config_of("t")


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_side_by_side(tmp_path, monkeypatch)


def five(loop: Any, **build: Any) -> Loop:
    """Return five seeds judged by two criteria, some of them right."""
    said = verdicts("yn", "yy", "nn", "yy", "ny")
    made: Loop = loop(
        {"decompose": criteria(2), "verify": said},
        **{"strategy": "side-by-side", "max_iterations": 5, **build},
    )
    return made


def test_all_seeds_are_drawn_and_the_earliest_best_is_returned(loop: Any) -> None:
    made = five(loop, max_images=5)
    out = made.run()
    assert [round_["n"] for round_ in out["rounds"]] == [1, 2, 3, 4, 5]
    assert sorted(seed for _, seed in made.painter.calls) == [1, 2, 3, 4, 5]
    assert {round_["generation"] for round_ in out["rounds"]} == {1}
    most = max(sum(v["answer"] == "yes" for v in r["verdicts"]) for r in out["rounds"])
    earliest = next(
        r["n"] for r in out["rounds"] if sum(v["answer"] == "yes" for v in r["verdicts"]) == most
    )
    assert out["result"]["round"] == earliest
    assert out["ledger"]["generator"]["images"] == 5
    assert json.loads(json.dumps(out)) == out


def test_a_failing_candidate_loses_no_sibling(loop: Any) -> None:
    script = [None, None, ValueError("no such seed")]
    out = five(loop, generator=Painter(script)).run()
    assert len(out["rounds"]) == 4
    [lost] = out["failed"]
    assert lost["reason"] == "error"
    assert "no such seed" in lost["error"]
    assert out["result"]["image"]


def test_a_cap_in_the_middle_keeps_what_is_paid(loop: Any) -> None:
    out = five(loop, max_images=3).run()
    assert len(out["rounds"]) == 3
    assert {lost["reason"] for lost in out["failed"]} == {"budget"}
    if not out["result"]["success"]:
        assert out["result"]["stop"]["reason"] == "budget"


def test_where_all_fail_the_first_error_is_raised_and_the_run_can_be_taken_up(loop: Any) -> None:
    saver = InMemorySaver()
    broken = five(loop, generator=Painter([ValueError("no power")] * 5), checkpointer=saver)
    with pytest.raises(GeneratorError, match="no power"):
        broken.graph.invoke({"prompt": "a cat"}, AT)
    mended = five(loop, checkpointer=saver)

    async def again() -> Any:
        threads = Threads(saver, mended.store)
        return await mended.graph.ainvoke(None, await threads.open_end("t"))

    assert len(asyncio.run(again())["rounds"]) == 5


def test_a_budget_of_nothing_is_a_budget_error(loop: Any) -> None:
    with pytest.raises(BudgetError):
        five(loop, max_tokens_total=1).run()


def test_parallel_time_counts_once(loop: Any) -> None:
    out = five(loop).run()
    draws = [timing for timing in out["timings"] if timing["node"] == "candidate"]
    assert len({timing["step"] for timing in draws}) == 1
    alone = sum(timing["seconds"] for timing in out["timings"])
    assert seconds_worked(out["timings"]) < alone
    assert seconds_worked(draws) == max(timing["seconds"] for timing in draws)


def test_its_events_are_those_of_any_run(loop: Any) -> None:
    made = five(loop)
    events: list[Any] = list(made.graph.stream({"prompt": "a cat"}, stream_mode="custom"))
    kinds = [event["type"] for event in events]
    assert kinds.count("picture_ready") == 5
    assert kinds.count("verdict") == 5
    assert kinds[-2:] == ["stopped", "node_ended"]
    assert json.loads(json.dumps(events)) == events


def test_the_thread_opens_the_right_graph_and_a_fork_is_refused(loop: Any) -> None:
    saver = InMemorySaver()
    made = five(loop, checkpointer=saver)
    made.graph.invoke({"prompt": "a cat"}, AT)

    async def look() -> str:
        threads = Threads(saver, made.store)
        with pytest.raises(UsageError, match="no rounds to branch off"):
            await fork(threads, "t")
        return (await threads.graph_of("t")).name

    assert asyncio.run(look()) == "side-by-side"


def test_a_strategy_that_nobody_installed_is_refused_with_those_there_are(loop: Any) -> None:
    with pytest.raises(ConfigError, match=r"no strategy .x.; there are .*gems, .*side-by-side"):
        loop({}, strategy="x")


def test_a_graph_refuses_a_trajectory_of_another_strategy(loop: Any) -> None:
    saver = InMemorySaver()
    five(loop, checkpointer=saver).graph.invoke({"prompt": "a cat"}, AT)
    with pytest.raises(ConfigError, match="runs the strategy 'side-by-side', not 'gems'"):
        five(loop).graph.invoke({"prompt": "a cat"}, context={"strategy": "gems"})


def test_it_has_no_pauses(loop: Any) -> None:
    made = five(loop, checkpointer=InMemorySaver(), pause="verdicts")
    with pytest.raises(ConfigError, match="cannot pause for verdicts"):
        made.graph.invoke({"prompt": "a cat"}, AT)


def test_where_nobody_can_judge_a_picture_is_returned_and_why(loop: Any, tmp_path: Path) -> None:
    made = loop(
        {"decompose": criteria(2), "verify": OSError("no power")}, strategy="side-by-side",
        max_iterations=3, retries=0,
    )  # fmt: skip
    out = made.run()
    assert (out["result"]["verified"], out["result"]["round"]) == (False, 3)
    assert out["result"]["stop"]["reason"] == "error"
    assert "no power" in out["result"]["stop"]["error"]
    state = {**out, "drawn": [], "attempt": {}, "stop": {}}
    state["drawn"] = [{"n": 3, "prompt": "a cat", "image": out["result"]["image"]}]
    write(tmp_path / "run", state, made.store, {"thread": "t"})
    assert (tmp_path / "run" / "round-3.png").is_file()


def test_an_estimate_counts_all_seeds_and_no_role_that_is_not_asked() -> None:
    settings = settle({"strategy": "side-by-side", "max_iterations": 5})
    task = Task("1", "1", "t", "a cat", ("a?", "b?"), settings, Path("t"))
    numbers = estimate([task], [], 1).need
    assert numbers is not None
    assert (numbers.least.images, numbers.most.images) == (5, 5)
    assert (numbers.least.calls, numbers.most.calls) == (10, 10)


def test_modules_that_lead_only_to_each_other_are_refused() -> None:
    async def island(state: Any, toolbox: Any) -> dict[str, Any]:
        return {}

    def wire(graph: Any) -> None:
        gems.wire(graph)
        graph.add_edge("one", "two")
        graph.add_edge("two", "one")

    own = (*gems.STRATEGY.modules, Module(island, "one"), Module(island, "two"))
    with pytest.raises(ConfigError, match="Nothing leads to the module 'one'"):
        build_graph(strategy=replace(gems.STRATEGY, modules=own, wire=wire))


def test_a_module_that_nothing_leads_to_is_refused(loop: Any) -> None:
    async def lonely(state: Any, toolbox: Any) -> dict[str, Any]:
        return {}

    with pytest.raises(ConfigError, match="Nothing leads to the module 'lonely'"):
        loop({}, modules={"lonely": lonely})
