"""Benchmarks by name: ours, one file each, and those of other packages."""

from __future__ import annotations

import difflib
import re

from gems_graph import plugins
from gems_graph.benchmarks.task import Task
from gems_graph.errors import UsageError

ROOM = "benchmarks.tasks"
"""Other packages hand in theirs as entry points of `gems_graph.benchmarks.tasks`."""
_ALSO = {
    "dpg_bench": "dpg", "longtext": "longtext_en", "longtext_bench_en": "longtext_en",
    "longtext_bench_zh": "longtext_zh", "longtext_bench": "longtext_en", "oneig": "oneig_en",
    "oneig_bench_en": "oneig_en", "oneig_bench_zh": "oneig_zh", "spatial": "spatialgeneval",
    "wise_legacy": "wise",
}  # fmt: skip


def names() -> list[str]:
    """Return the names of all benchmarks, ours first."""
    return plugins.names(ROOM, "TASK")


def open_task(name: str) -> Task:
    """Return a benchmark by its name, whatever its case, with - or _.

    Raises:
        UsageError: there is none of that name.
    """
    plain = re.sub(r"[\s-]+", "_", name.strip().lower())
    ours = plugins.load(ROOM, _ALSO.get(plain, plain), "TASK")
    task = ours or plugins.load(ROOM, name.strip(), "TASK")
    if isinstance(task, Task):
        return task
    known = names()
    close = difflib.get_close_matches(plain, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
    msg = f"There is no benchmark {name!r}; {hint}"
    raise UsageError(msg)
