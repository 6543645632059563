"""What a batch came to: one record a prompt, in `summary.jsonl`."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from gems_graph.batch.plan import Task
from gems_graph.calls.ledger import total
from gems_graph.errors import GemsError, StoreError
from gems_graph.memory import seconds_worked
from gems_graph.report.standing import Standing, standing

STATUSES: tuple[Standing, ...] = (
    "passed", "accepted", "best effort", "failed", "interrupted", "waiting",
)  # fmt: skip
"""How a prompt may end."""


class Spent(TypedDict):
    """What a trajectory took; `cost` is None where a price is unknown, `seconds` is time worked."""

    rounds: int
    cost: float | None
    seconds: float


class Record(Spent):
    """How one prompt ended.

    `skipped` is true where the folder had it before; `waiting` is at a pause, until a person
    answers. `data` is what else the line of the prompt holds.
    """

    id: str
    thread: str
    prompt: str
    status: Standing
    passed: int
    total: int
    folder: str | None
    skipped: bool
    error: str | None
    data: Mapping[str, Any]


def drawn(id_: str, record: Mapping[str, Any], folder: Path, *, skipped: bool = False) -> Record:
    """Return the record of a trajectory with a picture, from what its folder says."""
    result = record["result"]
    return Record(
        id=id_, thread=record["thread"], prompt=record["prompt"],
        status=standing(record), **_spent(record),
        passed=result["passed"], total=result["total"],
        folder=str(folder), skipped=skipped, error=result["stop"].get("error"),
        data=(record.get("batch") or {}).get("data") or {},
    )  # fmt: skip


def undrawn(
    task: Task, status: Standing, state: Mapping[str, Any], error: Exception | None = None
) -> Record:
    """Return the record of a prompt that has no picture to show, from the last state seen."""
    return Record(
        id=task.id, thread=task.thread, prompt=task.prompt or state.get("prompt", ""),
        status=status, **_spent(state), passed=0, total=len(state.get("criteria", [])),
        folder=None, skipped=False, error=in_words(error) if error else None, data=task.data,
    )  # fmt: skip


def in_words(error: Exception) -> str:
    """Return what went wrong in words: the message of our errors, type and message of others."""
    return str(error) if isinstance(error, GemsError) else f"{type(error).__name__}: {error}"


def count(records: Iterable[Record]) -> Counter[Standing]:
    """Count records by status."""
    return Counter(record["status"] for record in records)


def cost(records: Iterable[Record]) -> float | None:
    """Sum up what was paid; None as soon as one price is unknown."""
    return sum_costs(record["cost"] for record in records)


def sum_costs(costs: Iterable[float | None]) -> float | None:
    """Return the sum of costs; None if one is unknown."""
    summed = 0.0
    for amount in costs:
        if amount is None:
            return None
        summed += amount
    return summed


def _spent(state: Mapping[str, Any]) -> Spent:
    return Spent(
        rounds=len(state.get("rounds") or []),
        cost=total(state.get("ledger") or {})["cost"],
        seconds=round(seconds_worked(state.get("timings") or []), 3),
    )


class Summary:
    """The file of records; whole at any moment, whenever the process is killed.

    What ends is appended as one line; at the end the file is put in the order of the prompts.

    Args:
        file: written anew.
        ids: of all prompts, in their order.
        before: records of what was done before.

    Raises:
        StoreError: the file cannot be written.
    """

    def __init__(self, file: Path, ids: Sequence[str], before: Iterable[Record]) -> None:
        self.file, self._ids = file, ids
        self._records = {record["id"]: record for record in before}
        self.rewrite()

    @property
    def records(self) -> list[Record]:
        """What has ended, in the order of the prompts."""
        return [self._records[id_] for id_ in self._ids if id_ in self._records]

    def add(self, record: Record) -> None:
        """Enter how a prompt ended."""
        self._records[record["id"]] = record
        try:
            with self.file.open("ab", buffering=0) as file:
                file.write(_line(record))
        except OSError as error:
            raise self._store_error(error) from error

    def rewrite(self) -> None:
        """Write all records in order, in one act."""
        part = self.file.with_name(f".part-{self.file.name}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"".join(map(_line, self.records)))
            os.replace(part, self.file)
        except OSError as error:
            raise self._store_error(error) from error

    def _store_error(self, error: OSError) -> StoreError:
        return StoreError(
            f"Cannot write to {self.file} ({error.strerror}). The trajectories are kept: free some "
            "space or name another folder with --out, and give the command again."
        )


def _line(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
