"""Events made of the update of any node, so that nodes need not send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gems_graph.events import (
    CriteriaReady,
    Event,
    LessonLearned,
    Noted,
    Planned,
    Refined,
    Stopped,
    VerdictReady,
)
from gems_graph.memory import passes
from gems_graph.state import Attempt, State


def events_of(state: State, update: Mapping[str, Any]) -> Iterator[Event]:
    """Yield the events of an update of any node, in the order of the loop.

    Args:
        state: before the update.
        update: what the node returned.
    """
    if criteria := update.get("criteria"):
        yield CriteriaReady(type="criteria", criteria=criteria)
    attempt: Attempt | None = update.get("attempt")
    if attempt and attempt["n"] and "image" not in attempt:
        yield _prompt_ready(attempt, update.get("skills", state.get("skills", [])))
    for round_ in update.get("rounds") or ():
        if round_ not in state.get("rounds", []):  # it is new, or a person overruled it
            yield VerdictReady(
                type="verdict", round=round_["n"], verdicts=round_["verdicts"],
                passed=passes(round_), total=len(round_["verdicts"]),
            )  # fmt: skip
    known = len(state.get("experiences", []))
    for n, experience in enumerate(update.get("experiences") or (), start=known + 1):
        yield LessonLearned(type="lesson", round=n, experience=experience)
    for note in update.get("notes") or ():
        yield Noted(type="note", text=note)
    if result := update.get("result"):
        yield Stopped(type="stopped", reason=result["stop"].get("reason", ""), result=result)


def _prompt_ready(attempt: Attempt, skills: list[str]) -> Event:
    n, prompt = attempt["n"], attempt["prompt"]
    if n == 1:
        return Planned(type="planned", prompt=prompt, skills=skills)
    return Refined(type="refined", round=n, prompt=prompt, origin=attempt.get("origin", ""))
