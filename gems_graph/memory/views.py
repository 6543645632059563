"""What a prompt template shows of one attempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.memory.rounds import best, passes
from gems_graph.settings import Settings
from gems_graph.state import Criterion, Round, State, of_a_skill

View = dict[str, Any]
"""An attempt as `prompts/_attempt.md` takes it; empty parts are not shown."""


def view_of(state: State, round_: Round, settings: Settings, side: int) -> View:
    """Show P_k, I_k and V_k of a round; T_k and E_k are for the memory mode to add."""
    best_so_far = best(state["rounds"], settings.tie_break, settings.select_by)
    return {
        "n": round_["n"],
        "prompt": round_["prompt"],
        "image": round_["image"],
        "side": side,
        "passed": passes(round_),
        "total": len(round_["verdicts"]),
        "best": round_["n"] == best_so_far["n"],
        "verdicts": _verdicts(state["criteria"], state["rounds"], round_),
        "thought": "",
        "experience": "",
        "left_out": "",
    }


def without_comparison(view: View) -> View:
    """Drop what a comparison with other rounds tells: the best mark, earlier passes."""
    verdicts = [{**verdict, "passed_in": 0} for verdict in view["verdicts"]]
    return {**view, "best": False, "verdicts": verdicts}


def only_failures(view: View) -> View:
    """Drop the verdicts that passed, and what follows from them, as the authors' code does."""
    verdicts = without_comparison(view)["verdicts"]
    failed = [verdict for verdict in verdicts if verdict["answer"] != "yes"]
    return {**view, "best": False, "total": 0, "verdicts": failed}


def without_evidence(view: View) -> View:
    """Drop what the Verifier saw, and keep what it answered."""
    return {**view, "verdicts": [{**verdict, "evidence": ""} for verdict in view["verdicts"]]}


def only_experience(view: View) -> View:
    """Drop everything but the experience, as the authors' Compressor sees the past."""
    blank: View = {
        "prompt": "",
        "image": None,
        "total": 0,
        "best": False,
        "verdicts": [],
        "thought": "",
    }
    return {**view, **blank}


def _verdicts(
    criteria: Sequence[Criterion], rounds: Sequence[Round], round_: Round
) -> list[dict[str, Any]]:
    before = [each for each in rounds if each["n"] < round_["n"]]
    return [
        {
            "n": k + 1,
            "question": criterion["question"],
            "skill": criterion["source"].partition(":")[2] if of_a_skill(criterion) else "",
            "answer": verdict["answer"],
            "evidence": verdict["evidence"] if verdict["answer"] != "yes" else "",
            "passed_in": 0 if verdict["answer"] == "yes" else _last_passed(before, k),
        }
        for k, (criterion, verdict) in enumerate(zip(criteria, round_["verdicts"], strict=True))
    ]


def _last_passed(rounds: Sequence[Round], k: int) -> int:
    """Return the last round in which criterion k passed; 0: it never did."""
    passed = [r["n"] for r in rounds if r["verdicts"][k]["answer"] == "yes"]
    return max(passed, default=0)
