"""One row a run: whether its picture is right, and what it took."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import TypedDict

from gems_graph.batch.summary import Record
from gems_graph.calls.ledger import Ledger, total
from gems_graph.evaluation.comparison.judging import Judged
from gems_graph.evaluation.comparison.plan import Run
from gems_graph.report.folder import record_in


class Row(TypedDict):
    """How one run ended.

    `right`: every criterion holds, as the judge says; None: nobody judged it. A run that drew
    nothing is not right. `cost` is None where a price is unknown, `seconds` is time worked,
    `folder` the run's own; `failing` are the criteria that do not hold, in words.
    """

    id: str
    prompt: str
    strategy: str
    seed: int
    status: str
    right: bool | None
    passed: int
    total: int
    failing: list[str]
    images: int
    calls: int
    tokens: int
    seconds: float
    cost: float | None
    folder: str | None
    error: str | None


def row_of(run: Run, record: Record, base: Path, judged: Judged | None) -> Row:
    """Return the row of a run that has ended.

    Args:
        run: that it is of.
        record: of the batch.
        base: folder of the comparison.
        judged: what the judge said; None: nothing.
    """
    folder = Path(record["folder"]) if record["folder"] else None
    used = total(_ledger(folder))
    verdicts = judged.verdicts if judged else []
    passed = sum(verdict["answer"] == "yes" for verdict in verdicts)
    failing = [
        criterion["question"]
        for criterion, verdict in zip(judged.criteria if judged else [], verdicts, strict=True)
        if verdict["answer"] != "yes"
    ]
    right = bool(verdicts) and not failing if judged else (None if folder else False)
    return Row(
        id=run.id, prompt=run.prompt, strategy=run.strategy, seed=run.seed, status=record["status"],
        right=right, passed=passed, total=len(verdicts), failing=failing, images=used["images"],
        calls=used["calls"], tokens=used["input_tokens"] + used["output_tokens"],
        seconds=record["seconds"], cost=used["cost"],
        folder=str(folder.relative_to(base)) if folder else None, error=record["error"],
    )  # fmt: skip


def _ledger(folder: Path | None) -> Ledger:
    """Return what a run used, by role, as its folder says."""
    return (record_in(folder).get("ledger") or {}) if folder else {}
