"""Compare: draw what is missing, have it judged, and write table, figure and page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.batch import Record, Watcher, Work, carry_out
from gems_graph.calls.ledger import no_usage
from gems_graph.errors import StoreError
from gems_graph.evaluation.asking import Tell
from gems_graph.evaluation.comparison.doubt import with_doubt_added
from gems_graph.evaluation.comparison.figure import figure
from gems_graph.evaluation.comparison.judging import Judgements, judge
from gems_graph.evaluation.comparison.page import page
from gems_graph.evaluation.comparison.plan import Comparison
from gems_graph.evaluation.comparison.rows import row_of
from gems_graph.evaluation.comparison.table import table
from gems_graph.images import Store
from gems_graph.report.folder import record_in
from gems_graph.runs.stopping import Stopper
from gems_graph.settings.roles import JUDGE
from gems_graph.state import ImageRef
from gems_graph.system.replacing import replace_file

Report = dict[str, Any]


class Compared(NamedTuple):
    """The report, and why it is of only a part; empty: it is of all."""

    report: Report
    stopped: str


async def compare(
    comparison: Comparison,
    work: Work,
    base: Path,
    at_once: int,
    watcher: Watcher,
    *,
    stopper: Stopper | None = None,
    tell: Tell = lambda done, of: None,
) -> Compared:
    """Draw every run that the folder lacks, judge all, and write the report of what is there.

    Args:
        comparison: what is compared.
        work: its runs as a batch, in a folder that is claimed.
        base: that folder; it gets `compare.json`, `compare.svg` and `compare.html`.
        at_once: how many runs at the same time.
        watcher: sees how the runs go on.
        stopper: stops them; nothing is judged then.
        tell: sees how judging goes on.

    Raises:
        ConfigError: a model cannot be opened.
        StoreError: the folder or the database cannot be used.
    """
    stopper, store = stopper or Stopper(), Store()
    work = work._replace(todo=await with_doubt_added(work.todo))
    ending = await carry_out(work, base, at_once, watcher, stopper, "picture")
    records = {record["id"]: record for record in ending.summary.records}
    judgements = Judgements({}, no_usage(), "")
    try:
        if not stopper.reason:
            judgements = await judge(comparison, _pictures([*records.values()]), store, tell)
    except asyncio.CancelledError:
        if not stopper.reason:  # it is whoever waits for us that is cancelled
            raise
    report = report_of(comparison, records, base, judgements)
    if not stopper.reason:
        write(report, base)
    return Compared(report, stopper.reason or ending.reason or judgements.stopped)


def report_of(
    comparison: Comparison, records: Mapping[str, Record], base: Path, judgements: Judgements
) -> Report:
    """Return the report as plain JSON."""
    rows = [
        row_of(run, records[run.id], base, judgements.by_run.get(run.id))
        for run in comparison.runs
        if run.id in records
    ]
    return {
        "prompts": len(comparison.requests),
        "seeds": comparison.seeds,
        "budget": dict(comparison.budget),
        "judge": {
            "model": comparison.settings.model_for(JUDGE).mllm,
            "independent": comparison.judge_is_independent,
            "used": judgements.used,
            "stopped": judgements.stopped or None,
        },
        "table": table(rows, comparison.strategies),
        "rows": rows,
    }


def write(report: Report, base: Path) -> None:
    """Write the report, its figure and its page.

    Raises:
        StoreError: the folder cannot be written.
    """
    drawn = figure(report["table"]["strategies"])
    text = json.dumps(report, ensure_ascii=False, indent=1)
    shown = page(report, drawn, base)
    files = {"compare.json": f"{text}\n", "compare.svg": drawn, "compare.html": shown}
    try:
        for name, content in files.items():
            replace_file(base / name, content.encode("utf-8", "replace"))
    except OSError as error:
        msg = f"Cannot write to {base} ({error.strerror}); name another folder with --out."
        raise StoreError(msg) from error


def _pictures(records: Sequence[Record]) -> dict[str, ImageRef]:
    """Return what each run returned, as the record in its folder says."""
    folders = {record["id"]: record["folder"] for record in records if record["folder"]}
    return {id_: record_in(Path(each))["result"]["image"] for id_, each in folders.items()}
