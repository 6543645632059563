"""The figures that the paper publishes (He et al., arXiv 2603.28088), and its two averages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.listing import open_task

MAINSTREAM, DOWNSTREAM = "1_mainstream", "2_downstream"
_FILE = Path(__file__).with_name("paper.json")
Row = dict[str, float | None]


@lru_cache(maxsize=1)
def tables() -> dict[str, Any]:
    """Return Tables 1, 2 and 4 to 11 as they stand in the paper: `columns` and `rows`."""
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def published(task: str) -> list[tuple[str, float]]:
    """Return what Table 1 or 2 says of a benchmark: the plain generator and GEMS on each base."""
    column = open_task(task).column
    for name in (MAINSTREAM, DOWNSTREAM):
        table = tables()[name]
        if column in table["columns"]:
            place = table["columns"].index(column)
            return [
                (f"{row['method']} on {row['base']}", row["values"][place])
                for row in table["rows"]
                if row["method"] in ("Original", "GEMS")
            ]
    return []


def average(table: str, row: Mapping[str, float | None]) -> float | None:
    """Return the Avg column of Table 1 or 2; None where a benchmark is missing.

    Table 1: (100 GenEval + GenEval2 + DPG + 50 (OneIG-EN + OneIG-ZH) + 100 WISE) / 5.
    Table 2: (50 (LongText-EN + LongText-ZH) + SpatialGenEval + 100 CREA / 30 + ArtiMuse) / 4.
    """
    parts = _PARTS[table]
    values = [(row.get(name), weight) for name, weight in parts]
    if any(value is None for value, _ in values):
        return None
    total = sum(weight * value for value, weight in values if value is not None)
    return total / (5 if table == MAINSTREAM else 4)


_PARTS = {
    MAINSTREAM: (
        ("GenEval", 100.0), ("GenEval2", 1.0), ("DPG", 1.0), ("OneIG-EN", 50.0),
        ("OneIG-ZH", 50.0), ("WISE", 100.0),
    ),
    DOWNSTREAM: (
        ("LongText-EN", 50.0), ("LongText-ZH", 50.0), ("SpatialGenEval", 1.0),
        ("CREA", 100 / 30), ("ArtiMuse", 1.0),
    ),
}  # fmt: skip
"""What each column weighs before the sum is divided."""
