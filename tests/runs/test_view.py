"""What a run has come to, folded from its events."""

from __future__ import annotations

from typing import Any

from gems_graph.calls.ledger import no_usage
from gems_graph.runs.view import View
from tests.conftest import started


def node(kind: str, name: str, doing: str = "", n: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": f"node_{kind}", "node": name, "doing": doing, "round": n, **more}


def test_work_names_all_nodes_at_work_once_and_how_far_they_are() -> None:
    view = View()
    view.take(node("started", "planner", "planning"))
    view.take(node("started", "decomposer", "listing criteria"))
    assert view.work == "planning and listing criteria"
    view.take(node("ended", "planner", used={}))
    view.take(node("ended", "decomposer", used={}))
    for n in (1, 2):  # candidates side by side
        view.take(node("started", "generator", "drawing", n))
    view.take(node("ended", "generator", used={}))
    view.take({"type": "progress", "what": "step", "round": 2, "done": 3, "of": 8})
    assert view.work == "round 2: drawing, step 3 of 8"


def test_it_begins_with_what_a_resumed_run_has_and_sums_up() -> None:
    view = View()
    verdicts: Any = [{"answer": "no", "p_yes": None, "evidence": ""}]
    used = {"verifier": {**no_usage(), "calls": 2}}
    criteria: Any = [{"question": "Is A?", "source": "user"}]
    rounds: Any = [{"n": 1, "verdicts": verdicts}]
    view.take(started(criteria=criteria, rounds=rounds, used=used))
    view.take(node("ended", "verifier", used={"verifier": {**no_usage(), "calls": 3}}))
    view.take({"type": "verdict", "round": 2, "verdicts": [{**verdicts[0], "answer": "yes"}]})
    assert (view.questions, view.answers) == (["Is A?"], {1: ["no"], 2: ["yes"]})
    assert view.state["ledger"]["verifier"]["calls"] == 5
    assert [round_["n"] for round_ in view.state["rounds"]] == [1, 2]


def test_work_says_what_is_waited_for_until_it_goes_on() -> None:
    view = View()
    view.take(node("started", "generator", "drawing", 1))
    wait = {"type": "waiting", "who": "The generator", "why": "HTTP 503", "seconds": 1.7}
    view.take({**wait, "repeat": 1, "of": 4})
    assert view.work == "round 1: drawing, waiting 2 s: The generator HTTP 503"
    view.take({"type": "progress", "what": "step", "round": 1, "done": 1, "of": 8})
    assert view.work == "round 1: drawing, step 1 of 8"


def test_what_it_does_not_know_changes_nothing() -> None:
    view = View()
    view.take({"type": "line", "text": "roses"})
    assert (view.state, view.work) == (View().state, "")
