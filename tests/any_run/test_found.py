"""What random runs have found."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from gems_graph import build_graph
from gems_graph.errors import (
    UsageError,
)
from gems_graph.testing import DEFAULTS, Painter
from tests.any_run.test_wiring import Cast, Script

HALF = "cat \ud83d"  # half a character: servers send it as "\\ud83d", terminals as bytes


@pytest.mark.parametrize("task", ["select-skills", "decompose", "verify", "refine", "compress"])
def test_half_a_character_in_an_answer_is_no_crash(loop: Any, task: str) -> None:
    script = {"verify": "no", task: [HALF, DEFAULTS[task]]}
    loop(script, max_iterations=2, raise_on_error=True).run()


def test_half_a_character_in_a_request_is_named(loop: Any) -> None:
    for asked in ({"prompt": HALF}, {"checklist": ["Is it?", HALF]}):
        with pytest.raises(UsageError, match="character 5"):
            loop({}).run(**asked)


@pytest.mark.parametrize(
    "told", [{}, {"logprob": None}, {"logprob": math.nan}, {"logprob": 0.5}, {"logprob": 9999}]
)
def test_odd_log_probabilities_cost_no_verdict(loop: Any, told: dict[str, Any]) -> None:
    reply = AIMessage("no", response_metadata={"logprobs": {"content": [{"token": "no", **told}]}})
    out = loop({"verify": reply}, max_iterations=1).run()
    assert {v["p_yes"] for v in out["rounds"][0]["verdicts"]} == {None}


def test_a_backend_that_cancels_itself_is_an_error(loop: Any) -> None:
    painter = Painter([None, asyncio.CancelledError()])
    out = loop({"verify": "no"}, generator=painter).run()
    assert out["result"]["stop"]["reason"] == "error"


def play(dials: dict[str, Any] | None = None, **nodes: Any) -> Any:
    """Run a script of two rounds, some nodes replaced; an exception is raised by its node."""

    def node(deed: Any) -> Any:
        async def run(state: Any, toolbox: Any) -> Any:
            if isinstance(deed, Exception):
                raise deed
            return deed

        return run

    cast = Cast(Script(["yn", "yn"], {}, {}, "", None))
    modules = {**cast.modules, **{name: node(deed) for name, deed in nodes.items()}}
    graph = build_graph(modules=modules, max_iterations=2, **(dials or {}))
    return graph.invoke({"prompt": "p"})


def test_a_failing_select_is_raised_and_not_an_empty_result() -> None:
    with pytest.raises(KeyError):
        play(select=KeyError("rounds"))


@pytest.mark.parametrize("update", [None, [], "text", 1])
def test_an_update_that_is_no_mapping_is_ill_typed(update: Any) -> None:
    with pytest.raises(TypeError, match="planner"):
        play(planner=update)


def test_a_time_out_of_a_node_is_not_the_cap_on_seconds() -> None:
    out = play({"max_seconds": 600}, refiner=TimeoutError("no answer"))
    assert out["result"]["stop"]["reason"] == "error"


@pytest.mark.parametrize(
    ("node", "update"),
    [
        ("verifier", {}),  # IndexError in an edge
        ("verifier", {"rounds": []}),
        ("generator", {}),  # KeyError in the verifier
        ("refiner", {}),  # round 1 drawn and judged again
    ],
)
def test_a_node_that_owes_the_loop_something_is_named(node: str, update: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=node):
        play(**{node: update})
