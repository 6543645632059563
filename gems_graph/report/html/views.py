"""What the templates show of a trajectory: a state or a record, as plain values in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gems_graph.calls.ledger import Usage, total
from gems_graph.memory import seconds_worked
from gems_graph.report.html.context import Told, told_models
from gems_graph.report.html.pictures import SIDE, THUMB, Source, Wanted
from gems_graph.report.html.rounds import (
    RoundView,
    attempts_of,
    chosen_of,
    others_of,
    rounds_of,
    source_of,
)
from gems_graph.report.html.timeline import Bar, bars
from gems_graph.report.outcome import outcome
from gems_graph.report.page import changed
from gems_graph.report.standing import Standing, standing
from gems_graph.state import ImageRef


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
        rounds=rounds_of(state, thoughts_of(kept), pictures),
        questions=[(c["question"], source_of(c)) for c in state.get("criteria") or []],
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
        found += [_wanted(kept, ref, THUMB) for ref in others_of(attempt)]
    return [*found, *(_wanted(kept, ref, THUMB) for ref in kept.state.get("references") or [])]


def thoughts_of(kept: Kept) -> list[str]:
    """Return the reasoning of each round, as far as it is there."""
    rounds = kept.state.get("rounds") or []
    thoughts = [each.get("thought") or "" for each in rounds]
    short = [each if isinstance(each, str) else each.get("text", "") for each in thoughts]
    return [*kept.thoughts, *short[len(kept.thoughts) :]]


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
