"""Original and Rewrite: which calls they make, what they draw, what they return."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gems_graph.batch import estimate
from gems_graph.batch.plan import Task
from gems_graph.settings import settle
from gems_graph.strategies import promptist
from tests.conftest import Gems, prompts_of

SIGN = 'a shop with a sign that says "OPEN"'


def calls(out: Any) -> dict[str, tuple[int, int]]:
    return {role: (used["calls"], used["images"]) for role, used in out["ledger"].items()}


def test_original_draws_the_request_once_and_asks_nobody(loop: Any) -> None:
    made = loop({}, strategy="original")
    out = made.run(SIGN)
    assert made.painter.calls == [(SIGN, 1)]
    assert calls(out) == {"generator": (0, 1)}
    assert made.chat.asked("verify") == []
    assert (out["result"]["round"], out["result"]["verified"]) == (1, False)
    assert out["result"]["stop"]["reason"] == "max_iterations"


def test_rewrite_rewrites_once_and_draws_that(loop: Any) -> None:
    made = loop({"rewrite": {"prompt": "a cat, in oil"}}, strategy="rewrite")
    out = made.run("a cat")
    assert made.painter.calls == [("a cat, in oil", 1)]
    assert calls(out) == {"planner": (1, 0), "generator": (0, 1)}
    assert "a cat" in prompts_of(made.chat, "rewrite")[0]


def test_rewrite_keeps_quoted_text_and_asks_again_where_it_is_lost(loop: Any) -> None:
    answers = [{"prompt": "a shop"}, {"prompt": 'a shop, "OPNE" over it'}]
    made = loop({"rewrite": answers}, strategy="rewrite")
    out = made.run(SIGN)
    assert made.painter.calls == [('a shop, "OPEN" over it', 1)]
    first, second = prompts_of(made.chat, "rewrite")
    assert "letter for letter" in first
    assert "<lost>OPEN</lost>" in second
    assert out["notes"] == ["Round 1: the prompt lost 'OPEN'; it was put back."]


def test_without_the_dial_rewrite_loses_text_as_the_papers_does(loop: Any) -> None:
    made = loop({"rewrite": {"prompt": "a shop"}}, strategy="rewrite", keep_quotes=False)
    made.run(SIGN)
    assert made.painter.calls == [("a shop", 1)]
    [prompt] = prompts_of(made.chat, "rewrite")
    assert "letter for letter" not in prompt


def test_a_rewriting_that_nobody_can_read_leaves_the_request(loop: Any) -> None:
    out = (made := loop({"rewrite": "hm"}, strategy="rewrite", attempts=1)).run("a cat")
    assert made.painter.calls == [("a cat", 1)]
    assert "as it stands" in out["notes"][0]


@pytest.mark.parametrize(("name", "calls"), [("original", 0), ("rewrite", 1)])
def test_an_estimate_knows_what_they_take(name: str, calls: int, tmp_path: Any) -> None:
    settings = settle({"strategy": name})
    numbers = estimate([Task("1", "1", "t", "a cat", None, settings, tmp_path)], [], 1).need
    assert numbers is not None
    assert (numbers.least.images, numbers.most.images) == (1, 1)
    assert (numbers.least.calls, numbers.most.calls) == (calls, calls)


def test_the_command_line_draws_by_a_strategy_and_keeps_its_name(gems: Gems) -> None:
    ran = gems("run", "a red fish", "--seed", "1", "--strategy", "rewrite", "--json")
    assert ran.code == 3  # a best effort: nobody verified it
    assert ran.json["settings"]["strategy"] == "rewrite"
    assert ran.json["models"].keys() == {"planner", "judge", "generator"}
    wrong = gems("run", "a red fish", "--strategy", "originel")
    assert wrong.code == 2
    assert "no strategy 'originel'; there are" in wrong.err


def test_strategies_are_listed_and_drawn(gems: Gems) -> None:
    listed = gems("strategies").out
    assert (
        "original\n    draw the request as it is, once\n    draws 1 picture; asks nobody" in listed
    )
    assert "rewriter --> generator" in gems("strategies", "rewrite").out
    assert json.dumps(gems("strategies", "nothing").err).count("no strategy 'nothing'") == 1


@pytest.mark.parametrize(
    ("beams", "drawn"), [(["", "a cat, artstation", "x"], "a cat, artstation"), ([], "a cat")]
)
def test_promptist_draws_the_first_beam_that_says_anything_and_asks_nobody(
    loop: Any, monkeypatch: pytest.MonkeyPatch, beams: list[str], drawn: str
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(promptist, "rephrasings", lambda *given: asked.append(given) or beams)
    made = loop({}, strategy="promptist")
    out = made.run(" a cat ")
    assert asked == [("a cat", "microsoft/Promptist", "gpt2")]
    assert made.painter.calls == [(drawn, 1)]
    assert calls(out) == {"generator": (0, 1)}
