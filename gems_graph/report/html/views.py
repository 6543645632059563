"""What the templates show of a trajectory: a state or a record, as plain values in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.calls.ledger import Usage, total
from gems_graph.memory import seconds_worked
from gems_graph.report.html.changes import Change, changes
from gems_graph.report.html.context import Told, told_models
from gems_graph.report.html.pictures import SIDE, THUMB, Source, Wanted
from gems_graph.report.html.timeline import Bar, bars
from gems_graph.report.outcome import outcome
from gems_graph.report.page import ORIGINS, changed
from gems_graph.report.standing import Standing, standing
from gems_graph.state import ImageRef, Verdict, of_a_skill


@dataclass(frozen=True)
class Kept:
    """A trajectory to be shown.

    Attributes:
        state: of it, or the record in its folder.
        name: that it is kept under, a thread or a folder.
        word: how it stands, where that is known better than from the state.
        folder: holds its pictures as files; None: the store has them.
        thoughts: the reasoning of each round in full.
    """

    state: Mapping[str, Any]
    name: str = ""
    word: Standing | None = None
    folder: Path | None = None
    thoughts: Sequence[str] = ()

    @property
    def standing(self) -> Standing:
        """How it stands."""
        return self.word or standing(self.state)


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


@dataclass(frozen=True)
class TrajectoryView:
    """A trajectory; `score` is the share of criteria that hold, from 0 to 1, -1 where none is."""

    name: str
    prompt: str
    standing: Standing
    words: str
    thumb: str
    score: float
    passed: int
    of: int
    rounds: list[RoundView]
    questions: list[tuple[str, str]]
    skills: list[str]
    why: str
    references: list[str]
    notes: list[str]
    failed: list[Mapping[str, Any]]
    context: list[Told]
    time: list[Bar]
    seconds: float
    ledger: dict[str, Usage]
    used: Usage
    settings: list[tuple[str, str]]
    models: Mapping[str, str]
    versions: Mapping[str, str]


def view_of(kept: Kept, pictures: Source) -> TrajectoryView:
    """Return what the templates show of a trajectory, its pictures by where they are."""
    state, attempts = kept.state, attempts_of(kept.state)
    result = state.get("result") or {}
    ledger = state.get("ledger") or {}
    timings = state.get("timings") or []
    passed, of = _score(attempts, result)
    chosen = chosen_of(state)
    return TrajectoryView(
        name=kept.name or state.get("thread") or state.get("trajectory") or "",
        prompt=state.get("prompt") or "",
        standing=kept.standing,
        words=outcome(state),
        thumb=pictures(chosen["image"], THUMB) if chosen else "",
        score=passed / of if of else -1.0,
        passed=passed, of=of,
        rounds=[_round(kept, attempts, k, pictures) for k in range(len(attempts))],
        questions=[(c["question"], _source(c)) for c in state.get("criteria") or []],
        skills=list(state.get("skills") or []),
        why=next(iter(thoughts_of(kept)), ""),
        references=[pictures(ref, THUMB) for ref in state.get("references") or []],
        notes=list(state.get("notes") or []),
        failed=list(state.get("failed") or []),
        context=told_models(state, thoughts_of(kept)),
        time=bars(timings),
        seconds=seconds_worked(timings),
        ledger=ledger,
        used=total(ledger),
        settings=_settings(state),
        models=state.get("models") or {},
        versions=state.get("versions") or {},
    )  # fmt: skip


def wanted_of(kept: Kept, *, rounds: bool = True) -> list[Wanted]:
    """Return the pictures that its view shows; without its rounds, the chosen one alone."""
    chosen = chosen_of(kept.state)
    found = [_wanted(kept, chosen["image"], THUMB, chosen)] if chosen else []
    if not rounds:
        return found
    for attempt in attempts_of(kept.state):
        found.append(_wanted(kept, attempt["image"], SIDE, attempt))
        found += [_wanted(kept, ref, THUMB) for ref in _others(attempt)]
    return [*found, *(_wanted(kept, ref, THUMB) for ref in kept.state.get("references") or [])]


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


def thoughts_of(kept: Kept) -> list[str]:
    """Return the reasoning of each round, as far as it is there."""
    rounds = kept.state.get("rounds") or []
    thoughts = [each.get("thought") or "" for each in rounds]
    short = [each if isinstance(each, str) else each.get("text", "") for each in thoughts]
    return [*kept.thoughts, *short[len(kept.thoughts) :]]


def _by_number(state: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    return {each["n"]: each for each in state.get("rounds") or []}


def _round(
    kept: Kept, attempts: Sequence[Mapping[str, Any]], k: int, pictures: Source
) -> RoundView:
    attempt, ref, state = attempts[k], attempts[k]["image"], kept.state
    numbers = [each["n"] for each in state.get("rounds") or []]
    place = numbers.index(attempt["n"]) if attempt["n"] in numbers else -1
    before = attempts[k - 1]["prompt"] if k else attempt["prompt"]
    experiences = state.get("experiences") or []
    return RoundView(
        n=attempt["n"],
        src=pictures(ref, SIDE),
        width=ref.get("width") or 1, height=ref.get("height") or 1,
        prompt=attempt["prompt"],
        changed=changes(before, attempt["prompt"]),
        origin=_origin(attempt),
        seed=attempt.get("seed"),
        instruction=attempt.get("instruction") or "",
        others=[pictures(other, THUMB) for other in _others(attempt)],
        marks=_marks(state, attempt.get("verdicts") or []),
        judged="verdicts" in attempt,
        chosen=attempt["n"] == (state.get("result") or {}).get("round"),
        thought=thoughts_of(kept)[place] if place >= 0 else "",
        lesson=experiences[place] if 0 <= place < len(experiences) else "",
        seconds=(ref.get("made") or {}).get("seconds"),
    )  # fmt: skip


def _marks(state: Mapping[str, Any], verdicts: Sequence[Verdict]) -> list[Mark]:
    pairs = zip(state.get("criteria") or [], verdicts, strict=False)
    return [
        Mark(criterion["question"], _source(criterion), v["answer"], v.get("evidence") or "",
             v.get("p_yes"), v.get("unanswered", ""))
        for criterion, v in pairs
    ]  # fmt: skip


def _source(criterion: Any) -> str:
    return str(criterion["source"]) if of_a_skill(criterion) else ""


def _origin(attempt: Mapping[str, Any]) -> str:
    origin = attempt.get("origin") or ""
    return ORIGINS.get(origin, f"by {origin}" if origin else "")


def _others(attempt: Mapping[str, Any]) -> list[ImageRef]:
    """Return the variations that were drawn beside the one that counts."""
    images = [each["image"] for each in attempt.get("variations") or []]
    return [each for each in images if each["sha256"] != attempt["image"]["sha256"]]


def _score(attempts: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many criteria hold, of how many: of the result, or of the best round so far."""
    if result.get("total"):
        return result.get("passed", 0), result["total"]
    verdicts = [each.get("verdicts") or [] for each in attempts]
    scores = [(sum(v["answer"] == "yes" for v in each), len(each)) for each in verdicts if each]
    return max(scores, default=(0, 0))


def _settings(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = (line.partition(" = ") for line in changed(state.get("settings") or {}))
    return [(name, value) for name, _, value in pairs]


def _wanted(
    kept: Kept, ref: ImageRef, side: int, attempt: Mapping[str, Any] | None = None
) -> Wanted:
    """Return a picture with the file that holds it: its own, or the chosen one's of a lean run."""
    names = [attempt.get("file", "")] if attempt else []
    if attempt and attempt["n"] == (kept.state.get("result") or {}).get("round"):
        names.append("image.png")
    files = [kept.folder / Path(name).name for name in names if name] if kept.folder else []
    return Wanted(ref["sha256"], side, next((file for file in files if file.is_file()), None))
