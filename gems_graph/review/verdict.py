"""The pause after a verdict: overrule it, accept the picture, or write the next prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.types import Overwrite

from gems_graph.review.answers import Ruling, VerdictAnswer, form_of
from gems_graph.review.asking import announce, ask
from gems_graph.review.questions import about_verdict
from gems_graph.state import Round, State, Stop, Verdict


def review_verdict(state: State) -> dict[str, Any]:
    """Let a person overrule or accept a round, or write the next prompt."""
    question = about_verdict(state)
    answer = ask(question, form_of(VerdictAnswer, question), state)
    *earlier, last = state["rounds"]
    accepted = {"stop": Stop(reason="accepted", node="review_verdict")} if answer.accept else {}
    update = {
        "rounds": Overwrite([*earlier, _overruled(last, answer.rulings())]),
        **accepted,
        **answer.attempt(last["n"] + 1),
    }
    return announce(state, update)


def _overruled(round_: Round, rulings: Mapping[int, Ruling]) -> Round:
    verdicts = list(enumerate(round_["verdicts"], start=1))
    changed = [_ruled(v, rulings[n]) if n in rulings else v for n, v in verdicts]
    return Round(**{**round_, "verdicts": changed})


def _ruled(verdict: Verdict, ruling: Ruling) -> Verdict:
    """Return a verdict with a person's answer, and the Verifier's own in its evidence."""
    if ruling.answer == verdict["answer"] and not ruling.reason:
        return verdict  # agreed
    reason = f": {ruling.reason}" if ruling.reason else ""
    original = f"{verdict['answer']}: {verdict['evidence']}".rstrip(": ")
    evidence = f"overruled by a person{reason}; the Verifier said {original}"
    return Verdict(answer=ruling.answer, p_yes=None, evidence=evidence)
