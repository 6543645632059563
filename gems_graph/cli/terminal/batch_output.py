"""What a batch says: records and results on stdout, how to go on on stderr."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gems_graph.batch.summary import STATUSES, Record, Summary, cost, count
from gems_graph.calls.ledger import in_money
from gems_graph.cli.terminal.run import BEST_EFFORT, FAILED, PASSED, WAITING
from gems_graph.prompting.sanitize import printable
from gems_graph.report.standing import Standing


@dataclass(frozen=True)
class Manner:
    """How many at once, where to, and what is said of it."""

    base: Path
    at_once: int
    as_json: bool = False
    quiet: bool = False


class End(NamedTuple):
    """How a batch ended: by which signal, and why it was stopped, if it was."""

    signum: int = 0
    reason: str = ""


def tell_record(manner: Manner, record: Record) -> None:
    """Print one record, where records are wanted."""
    if manner.as_json:
        print(printable(json.dumps(record, ensure_ascii=False)), flush=True)  # noqa: T201


def tell(summary: Summary, total: int, end: End, manner: Manner) -> None:
    """Say what came of it, and how to go on where there is anything left."""
    records = summary.records
    numbers = count(records)
    if not manner.quiet:
        note(*_endings(numbers, total, end))
    if manner.as_json:
        return
    if not manner.quiet:
        parts = [f"{numbers[status]} {status}" for status in STATUSES if numbers[status]]
        parts += [f"{total - len(records)} not begun"] * (total > len(records))
        # what a failed step itself spent is in no state
        money = in_money(cost(records), at_least=numbers["failed"] > 0)
        print(f"{total} in all: {', '.join(parts)}; {money}")  # noqa: T201
    print(summary.file)  # noqa: T201


def _endings(numbers: Counter[Standing], total: int, end: End) -> list[str]:
    if end.signum:
        done = numbers.total() - numbers["interrupted"]
        return [f"Interrupted: {done} of {total} have ended. Go on with the same command."]
    if end.reason:
        return [
            f"Stopped, as prompt after prompt failed in the same way: {end.reason}",
            "Mend that, and go on with the same command.",
        ]
    failed = numbers["failed"]
    return [f"{failed} failed; the same command tries them again."] if failed else []


def code(records: Sequence[Record], end: End) -> int:
    """Return the exit code: the worst that happened to any prompt."""
    if end.signum:
        return 128 + end.signum
    numbers = count(records)
    if any(record["status"] == "failed" and not record["folder"] for record in records):
        return FAILED
    if numbers["waiting"]:
        return WAITING
    return BEST_EFFORT if numbers["best effort"] or numbers["failed"] else PASSED


def note(*lines: str) -> None:
    """Say something on stderr."""
    for line in lines:
        print(printable(line), file=sys.stderr, flush=True)  # noqa: T201
