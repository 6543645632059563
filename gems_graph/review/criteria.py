"""The pause before any picture is paid: the criteria and the first prompt."""

from __future__ import annotations

from typing import Any

from gems_graph.review.answers import CriteriaAnswer, form_of
from gems_graph.review.asking import announce, ask
from gems_graph.review.questions import about_criteria
from gems_graph.state import Criterion, State


def review_criteria(state: State) -> dict[str, Any]:
    """Let a person edit the criteria, a picked skill's included, and the first prompt."""
    question = about_criteria(state)
    answer = ask(question, form_of(CriteriaAnswer, question), state)
    update = {
        "criteria": _edited(question["criteria"], answer.criteria),
        "skill_criteria": [],  # they are among the criteria now
        **answer.attempt(1),
    }
    return announce(state, update)


def _edited(current: list[Criterion], questions: list[str] | None) -> list[Criterion]:
    """Return the edited list; a criterion that was there before keeps its source and kind."""
    if questions is None:
        return current
    known = {criterion["question"]: criterion for criterion in reversed(current)}
    return [known.get(q) or Criterion(question=q, source="user") for q in questions]
