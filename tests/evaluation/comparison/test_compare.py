"""Strategies compared: equal budgets and seeds, a judge apart, one report; taken up anywhere."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store
from gems_graph.batch import alone, open_models, work_of
from gems_graph.batch.prompt_file import Entry
from gems_graph.errors import UsageError
from gems_graph.evaluation.comparison import Comparison, budget_in, compare
from gems_graph.evaluation.comparison.judging import judge
from gems_graph.runs.stopping import Stopper
from gems_graph.settings import Settings, settle
from gems_graph.strategies import promptist
from gems_graph.testing import ChatServer, paint
from tests.conftest import HARD, Gems

CIRCLE = Entry("file, line 1", "1", False, "a red fish left of a blue house")


class Quiet:
    """Sees how a batch goes on, and may stop it at one of its events."""

    def __init__(self, stopper: Stopper | None = None, at: int = 0) -> None:
        self.events, self._stopper, self._at = 0, stopper, at

    def _pass(self) -> None:
        self.events += 1
        if self._stopper and self.events == self._at:
            self._stopper.cancel("kill")

    def begin(self, task: Any) -> None:
        self._pass()

    def take(self, task: Any, event: Any) -> None:
        self._pass()

    def end(self, record: Any) -> None:
        self._pass()


def small(*strategies: str, **more: Any) -> Comparison:
    settings = settle({"seed": 1, "maestro_votes": 1, "maestro_drafts": 1})
    fixed: dict[str, Any] = {"settings": settings, "budget": {"images": 2.0}}
    return Comparison([CIRCLE], strategies, **{**fixed, **more})


def drawn(
    comparison: Comparison, base: Path, stopper: Stopper | None = None, watcher: Any = None
) -> Any:
    base.mkdir(exist_ok=True)
    with alone(base):
        work = work_of(comparison.entries, comparison.run_settings, None, base)
        open_models(work.todo)
        job = compare(comparison, work, base, 2, watcher or Quiet(), stopper=stopper)
        return asyncio.run(job)


def timeless(report: Any) -> Any:
    text = json.dumps({**report, "rows": [{**row, "seconds": 0} for row in report["rows"]]})
    for line in (read := json.loads(text))["table"]["strategies"].values():
        line["seconds"] = 0
    read["judge"]["used"]["seconds"] = 0
    return read


# ------------------------------------------------------------------ what is run


def test_every_strategy_draws_every_prompt_from_the_same_seeds_under_one_budget() -> None:
    made = small("gems", "search", seeds=3)
    assert [run.id for run in made.runs] == [
        f"1-{seed}-{name}" for seed in (1, 1001, 2001) for name in ("gems", "search")
    ]
    assert {entry.dials["seed"] for entry in made.entries} == {1, 1001, 2001}
    settings = made.run_settings
    assert (settings.max_images, settings.max_iterations, settings.maestro_rounds) == (2, 2, 1)
    kept = small("gems", settings=Settings(max_iterations=4)).run_settings
    assert (kept.max_images, kept.max_iterations) == (2, 4)


def test_an_ablation_of_gems_is_named_by_its_preset() -> None:
    one, other = small("gems:loop-only", "gems").entries
    assert one.dials == {"strategy": "gems", "preset": "loop-only", "seed": 1}
    assert (one.id, other.id) == ("1-1-gems-loop-only", "1-1-gems")


def test_criteria_of_a_file_are_the_judges_alone() -> None:
    request = Entry("w", "1", True, "a cat", criteria=("Is it a cat?",), dials={"size": "64x64"})
    [entry] = Comparison([request], ["gems"], Settings()).entries
    assert entry.criteria is None
    assert entry.dials == {"size": "64x64", "strategy": "gems", "seed": 0}


def test_a_budget_is_read_or_refused_in_a_sentence() -> None:
    assert budget_in("images=5, cost=0.25") == {"images": 5, "cost": 0.25}
    assert budget_in("") == {}
    for wrong in ("images", "images=0", "images=1.5", "rounds=3", "images=x"):
        with pytest.raises(UsageError, match="A budget is NAME=AMOUNT"):
            budget_in(wrong)


# ------------------------------------------------------------------ the judge


def test_the_judge_is_asked_apart_and_the_same_picture_once(tmp_path: Path) -> None:
    store = Store()
    with ChatServer({"decompose": {"criteria": ["Is there A?", "Is there B?"]}}) as server:
        settings = settle({
            "seed": 1, "mllm": "mini", "max_calls": 1, "structured": "plain", "logprobs": "off",
            "roles": {"judge": {"mllm": "compat:judge", "mllm_url": server.url}},
        })  # fmt: skip
        made = small("original", "rewrite", "search", settings=settings)
        one, other = (store.put_image(paint("a", seed, (8, 8))) for seed in (1, 2))
        refs = dict(zip([run.id for run in made.runs], (one, one, other), strict=True))
        first = asyncio.run(judge(made, refs, store))
        again = asyncio.run(judge(made, refs, store))
        kinds = [request["kind"] for request in server.requests]
    assert sorted(kinds) == ["decompose", *["verify"] * 4]  # nothing was paid twice
    assert first.by_run == again.by_run
    assert (first.used["calls"], again.used["calls"]) == (5, 5)
    assert all(each.verdicts[0]["answer"] == "yes" for each in first.by_run.values())


def test_a_judge_that_cannot_be_reached_leaves_rows_unjudged(tmp_path: Path) -> None:
    settings = settle({
        "seed": 1, "retries": 0,
        "roles": {"judge": {"mllm": "compat:judge", "mllm_url": "http://127.0.0.1:9/v1"}},
    })  # fmt: skip
    report = drawn(small("original", settings=settings), tmp_path / "c").report
    assert [row["right"] for row in report["rows"]] == [None]
    assert report["table"]["strategies"]["original"]["not_judged"] == 1
    assert report["judge"]["independent"]


# ------------------------------------------------------------------ the whole


def test_a_comparison_ends_in_a_table_a_figure_and_a_page(tmp_path: Path) -> None:
    made = small("gems", "original", "search", "maestro", "craft", "rewrite")
    base = tmp_path / "c"
    report = drawn(made, base).report
    assert list(report["table"]["strategies"]) == [*made.strategies]
    assert all(row["images"] <= 2 for row in report["rows"])
    by_strategy = {row["strategy"]: row for row in report["rows"]}
    assert (by_strategy["original"]["calls"], by_strategy["original"]["images"]) == (0, 1)
    assert by_strategy["search"]["images"] == by_strategy["maestro"]["images"] == 2
    assert report["judge"]["used"]["calls"] > 0
    assert json.loads((base / "compare.json").read_text()) == report
    html = (base / "compare.html").read_text()
    assert html.count('src="data:image/webp;') == len(report["rows"])
    for row in report["rows"]:
        assert (base / row["folder"] / "image.png").is_file()
    assert (base / "compare.svg").read_text() in html
    again = drawn(made, base).report
    assert again == report


@pytest.mark.parametrize("moment", random.Random(13).sample(range(1, 60), 10))
def test_killed_and_taken_up_it_ends_with_the_same_table(tmp_path: Path, moment: int) -> None:
    made = small("original", "search", "maestro")
    whole = drawn(made, tmp_path / "whole").report
    stopper = Stopper()
    watcher = Quiet(stopper, moment)
    stopped = drawn(made, tmp_path / "c", stopper, watcher)
    if watcher.events >= moment:
        assert stopped.stopped == "kill"
        assert not (tmp_path / "c" / "compare.json").exists()
    assert timeless(drawn(made, tmp_path / "c").report) == timeless(whole)


def test_the_command_compares_and_goes_on(gems: Gems, tmp_path: Path) -> None:
    arguments = ("compare", HARD, "--strategies", "gems,original", "--budget", "images=2", "--seed",
                 "1", "--out", "c")  # fmt: skip
    shown = gems(*arguments)
    assert shown.code == 0
    assert "gems      1.00" in shown.out
    assert "original  0.00" in shown.out
    assert "which also plays in the runs" in shown.err
    told = gems(*arguments, "--json")
    assert told.json["table"]["differences"]["original"]["mean"] == 1.0
    assert gems(*arguments, "--dry-run").out.startswith("2 prompts, all done before")


def test_wrong_usage_of_the_command_is_one_sentence(
    gems: Gems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, said in (
        (("--strategies", "gems,gems"), "each strategy once"),
        (("--strategies", "gems,nobody"), "no strategy 'nobody'"),
        (("--strategies", "gems:nothing"), "preset"),
        (("--budget", "pictures=5"), "A budget is"),
    ):
        ran = gems("compare", "a red fish", *arguments)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert said in ran.err
    lacking = replace(promptist.STRATEGY, needs={"no_such_package": "promptist"})
    monkeypatch.setattr(promptist, "STRATEGY", lacking)
    ran = gems("compare", "a red fish", "--strategies", "gems,promptist")
    assert ran.err == (
        "gems: promptist needs the package no_such_package: pip install 'gems-graph[promptist]'.\n"
    )
    assert "lacks: promptist needs" in gems("strategies").out
    (tmp_path / "p.jsonl").write_text('{"prompt": "a", "settings": {"strategy": "gems"}}\n')
    assert "cannot set its own strategy" in gems("compare", "p.jsonl").err
