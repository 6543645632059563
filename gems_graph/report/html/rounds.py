"""The rounds of a trajectory as the templates show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gems_graph.report.html.changes import Change, changes
from gems_graph.report.html.pictures import SIDE, THUMB, Source
from gems_graph.report.page import ORIGINS
from gems_graph.state import ImageRef, Verdict, of_a_skill


class Mark(NamedTuple):
    """One verdict: the criterion, the answer, why, and p(yes) where it is known."""

    question: str
    of: str
    answer: str
    evidence: str
    p_yes: float | None
    unanswered: str


@dataclass(frozen=True)
class RoundView:
    """A round, or a picture that nobody judged."""

    n: int
    src: str
    width: int
    height: int
    prompt: str
    changed: list[Change]
    origin: str
    seed: int | None
    instruction: str
    others: list[str]
    marks: list[Mark]
    judged: bool
    chosen: bool
    thought: str
    lesson: str
    seconds: float | None

    @property
    def passed(self) -> int:
        """How many criteria hold."""
        return sum(mark.answer == "yes" for mark in self.marks)

    @property
    def failing(self) -> list[Mark]:
        """Those that do not."""
        return [mark for mark in self.marks if mark.answer != "yes"]


def rounds_of(
    state: Mapping[str, Any], thoughts: Sequence[str], pictures: Source
) -> list[RoundView]:
    """Return every round, and every picture that nobody judged, each beside the one before."""
    attempts = attempts_of(state)
    prompts = [each["prompt"] for each in attempts]
    before = [*prompts[:1], *prompts]
    return [
        _round(state, attempt, old, thoughts, pictures)
        for attempt, old in zip(attempts, before, strict=False)
    ]


def attempts_of(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every round, and every picture that nobody judged, in order."""
    open_ones = [*(state.get("drawn") or []), *filter(None, [state.get("attempt")])]
    result = state.get("result") or {}
    if result.get("image") and not result.get("verified", True):  # a record has it there alone
        open_ones.append({"n": result.get("round", 1), **result})
    found = {each["n"]: each for each in open_ones if each.get("image")}
    return [each for _, each in sorted((found | _by_number(state)).items())]


def chosen_of(state: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the attempt that was chosen, or the last one so far; None: nothing was drawn."""
    attempts, number = attempts_of(state), (state.get("result") or {}).get("round")
    last = attempts[-1] if attempts else None
    return next((each for each in attempts if each["n"] == number), last)


def _round(
    state: Mapping[str, Any],
    attempt: Mapping[str, Any],
    before: str,
    thoughts: Sequence[str],
    pictures: Source,
) -> RoundView:
    ref, experiences = attempt["image"], state.get("experiences") or []
    numbers = [each["n"] for each in state.get("rounds") or []]
    place = numbers.index(attempt["n"]) if attempt["n"] in numbers else -1
    return RoundView(
        n=attempt["n"],
        src=pictures(ref, SIDE),
        width=ref.get("width") or 1, height=ref.get("height") or 1,
        prompt=attempt["prompt"],
        changed=changes(before, attempt["prompt"]),
        origin=_origin(attempt),
        seed=attempt.get("seed"),
        instruction=attempt.get("instruction") or "",
        others=[pictures(other, THUMB) for other in others_of(attempt)],
        marks=_marks(state, attempt.get("verdicts") or []),
        judged="verdicts" in attempt,
        chosen=attempt["n"] == (state.get("result") or {}).get("round"),
        thought=thoughts[place] if place >= 0 else "",
        lesson=experiences[place] if 0 <= place < len(experiences) else "",
        seconds=(ref.get("made") or {}).get("seconds"),
    )  # fmt: skip


def _marks(state: Mapping[str, Any], verdicts: Sequence[Verdict]) -> list[Mark]:
    pairs = zip(state.get("criteria") or [], verdicts, strict=False)
    return [
        Mark(criterion["question"], source_of(criterion), v["answer"], v.get("evidence") or "",
             v.get("p_yes"), v.get("unanswered", ""))
        for criterion, v in pairs
    ]  # fmt: skip


def source_of(criterion: Any) -> str:
    """Return the skill that a criterion is of; empty: none."""
    return str(criterion["source"]) if of_a_skill(criterion) else ""


def _origin(attempt: Mapping[str, Any]) -> str:
    origin = attempt.get("origin") or ""
    return ORIGINS.get(origin, f"by {origin}" if origin else "")


def others_of(attempt: Mapping[str, Any]) -> list[ImageRef]:
    """Return the variations that were drawn beside the one that counts."""
    images = [each["image"] for each in attempt.get("variations") or []]
    return [each for each in images if each["sha256"] != attempt["image"]["sha256"]]


def _by_number(state: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    return {each["n"]: each for each in state.get("rounds") or []}
