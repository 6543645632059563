"""What runs came to: a row for each way and route, and what its trajectories took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.running import RUNS, Manifest, read_manifest, ways_in
from gems_graph.calls.ledger import total
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import file_name
from gems_graph.report.folder import record_in

_LADDER = (
    "loop-only", "memory-feedback", "memory-images", "memory-thought", "memory-experience",
    "no-skills", "reference", "enhanced", "paper",
)  # fmt: skip
"""Presets in the order of Fig. 4: each has a little more than the one before."""


@dataclass
class Taken:
    """What the trajectories of a way took, summed up as they are read.

    Attributes:
        drawn: trajectories with a picture.
        failed: those without one.
        images: pictures drawn for them, the chosen ones included.
        cost: None as soon as one price is unknown.
        rounds: how many trajectories used how many.
        shares: by round, the best share of criteria passed so far, added up.
        skills: how many trajectories used which; "none" for none.
    """

    drawn: int = 0
    failed: int = 0
    calls: int = 0
    images: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cost: float | None = 0.0
    rounds: Counter[int] = field(default_factory=Counter)
    shares: list[list[float]] = field(default_factory=list)
    skills: Counter[str] = field(default_factory=Counter)
    models: dict[str, str] = field(default_factory=dict)

    def add(self, record: Mapping[str, Any]) -> None:
        """Add one trajectory's record."""
        used = total(record.get("ledger") or {})
        self.drawn += 1
        self.calls += used["calls"]
        self.images += used["images"]
        self.tokens += used["input_tokens"] + used["output_tokens"]
        self.seconds += sum(each["seconds"] for each in record.get("timings") or [])
        unknown = self.cost is None or used["cost"] is None
        self.cost = None if unknown else (self.cost or 0.0) + (used["cost"] or 0.0)
        rounds = record.get("rounds") or []
        self.rounds[len(rounds)] += 1
        self.shares.append(_best_shares(rounds))
        self.skills.update(record.get("skills") or ["none"])
        self.models = self.models or dict(record.get("models") or {})

    def curve(self) -> list[float]:
        """Return the mean best share of criteria passed by round; who has ended keeps theirs."""
        known = [each for each in self.shares if each]
        longest = max(map(len, known), default=0)
        return [
            sum(each[min(n, len(each) - 1)] for each in known) / len(known) for n in range(longest)
        ]


@dataclass(frozen=True)
class Row:
    """One way of one run, judged by one route or not yet.

    Attributes:
        label: of the way, with its folder's name where several folders have it.
        report: as `gems eval judge` keeps it; None: not judged.
    """

    label: str
    folder: Path
    run: Manifest
    taken: Taken
    report: Mapping[str, Any] | None

    @property
    def route(self) -> str:
        """Where its score comes from."""
        return str(self.report["route"]) if self.report else "not judged"

    @property
    def score(self) -> float | None:
        """The benchmark's figure."""
        return self.report["score"] if self.report else None


def collect(folders: Sequence[Path]) -> list[Row]:
    """Read every way in some folders, and every report of it.

    Raises:
        UsageError: a folder holds no run.
    """
    ways = [way for folder in folders for way in sorted(ways_in(folder), key=_rank)]
    names = Counter(_key(way) for way in ways)
    long = {way: f"{way.parent.name}/{way.name}" for way in ways if names[_key(way)] > 1}
    return [row for way in ways for row in _rows(way, long.get(way, way.name))]


def _rank(way: Path) -> tuple[int, int, str]:
    """Return what sorts ways: the plain one, other strategies, Fig. 4's ablations, GEMS."""
    name = way.name.removeprefix("gems-")
    if name in _LADDER:
        return 2, _LADDER.index(name), name
    return {"original": 0, "gems": 3}.get(name, 1), 0, name


def _key(way: Path) -> tuple[str, str]:
    return read_manifest(way)["task"], way.name


def _rows(way: Path, label: str) -> Iterator[Row]:
    run = read_manifest(way)
    taken = _taken(way, run)
    reports: list[Mapping[str, Any] | None]
    reports = [_report(file) for file in sorted(way.glob("report-*.json"))]
    for report in reports or [None]:
        yield Row(label, way, run, taken, report)


def _report(file: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"Cannot read {file} ({error}); make it anew with gems eval judge."
        raise UsageError(msg) from error
    return found


def _taken(way: Path, run: Manifest) -> Taken:
    taken = Taken()
    for file in sorted((way / RUNS).glob("*/trajectory.json")):
        taken.add(_report(file))
    asked = len(run["prompts"]) * sum(map(len, run["seeds"]))
    taken.failed = max(0, asked - taken.drawn)
    return taken


def picture(row: Row, prompt: str) -> tuple[Path, str] | None:
    """Return the first picture of a prompt, and its text; None: it is not there."""
    name = f"{row.run['task']}/{prompt}/0/{row.run['seeds'][0][0]}"
    folder = row.folder / RUNS / file_name(name)
    file = folder / "image.png"
    return (file, str(record_in(folder).get("prompt", prompt))) if file.is_file() else None


def _best_shares(rounds: Sequence[Mapping[str, Any]]) -> list[float]:
    best, found = 0.0, []
    for each in rounds:
        verdicts = each.get("verdicts") or []
        if not verdicts:
            continue
        share = sum(verdict["answer"] == "yes" for verdict in verdicts) / len(verdicts)
        best = max(best, share)
        found.append(best)
    return found
