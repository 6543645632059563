"""What a batch prints: records and results on stdout, estimates and how to go on on stderr."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gems_graph.batch import Estimate, Record, Summary, Work
from gems_graph.batch.estimate import TOKENS, Range
from gems_graph.batch.shards import Shard
from gems_graph.batch.summary import STATUSES, cost, count
from gems_graph.calls.ledger import in_money
from gems_graph.cli.terminal.exit_codes import BEST_EFFORT, FAILED, PASSED, WAITING, of_signal
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted, counted_criteria
from gems_graph.report.folder import Contents
from gems_graph.report.standing import Standing


@dataclass(frozen=True)
class BatchOptions:
    """The folder of a batch, how many are drawn at once, what is said and written of it."""

    base: Path
    at_once: int
    as_json: bool = False
    quiet: bool = False
    contents: Contents = "rounds"
    shard: Shard | None = None


class End(NamedTuple):
    """How a batch ended: its records, by which signal, and why it was stopped, if it was."""

    summary: Summary
    signum: int = 0
    reason: str = ""


def estimate_in_words(estimate: Estimate) -> str:
    """Say in a few lines what a batch takes."""
    head = counted(estimate.todo + estimate.done, "prompt")
    if estimate.need is None:
        return f"{head}, all done before: nothing to draw."
    done_before = f", {estimate.done} done before" if estimate.done else ""
    least, most = estimate.need
    basis = "each, as those done had" if estimate.counted else "each assumed"
    assumed = estimate.criteria
    criteria = "" if assumed is None else f" ({counted_criteria(assumed)} {basis})"
    return "\n".join(
        [
            f"{head}{done_before}: {estimate.todo} to draw, {estimate.at_once} at a time.",
            f"{'It takes' if estimate.todo == 1 else 'They take'} "
            f"{_span(least.images, most.images, 'image')} and "
            f"{_span(least.calls, most.calls, 'chat call')}{criteria}; repeats come on top.",
            _cost(estimate, estimate.need),
        ]
    )


def _cost(estimate: Estimate, need: Range) -> str:
    least, most = need.least.cost, need.most.cost
    if least is None or most is None:
        names = ", ".join(estimate.unpriced)
        return f"Cost unknown: there is no price for {names}; see `prices`."
    if not most:
        return "Cost 0."
    likely = estimate.likely
    hint = f" About {likely:.2f} if all go as those done did." if likely is not None else ""
    tokens_in, tokens_out = TOKENS
    money = f"{least:.2f}" + f" to {most:.2f}" * (least != most)
    return (
        f"Cost {money}, at {tokens_in} tokens in and {tokens_out} out a chat call (assumed).{hint}"
    )


def _span(least: int, most: int, what: str) -> str:
    return counted(most, what) if least == most else f"{least} to {counted(most, what)}"


def remarks(work: Work) -> list[str]:
    """Return notes for the user: fields that are data, pictures drawn with other settings."""
    data = dict.fromkeys(name for task in work.tasks for name in task.data)
    lines = [f"Kept with each record, as data: {', '.join(data)}."] if data else []
    if dials := work.drawn_otherwise():
        names = ", ".join(sorted(set().union(*dials)))
        lines.append(
            f"{len(dials)} of those done before were drawn with other settings ({names}); to draw "
            "them with these, name another folder with --out."
        )
    return lines


def print_record(record: Record, options: BatchOptions) -> None:
    """Print one record, where records are wanted."""
    if options.as_json:
        print(printable(json.dumps(record, ensure_ascii=False)), flush=True)  # noqa: T201


def print_end(end: End, total: int, options: BatchOptions) -> None:
    """Say what came of it, and how to go on where there is anything left."""
    records = end.summary.records
    numbers = count(records)
    if not options.quiet:
        note(*_how_to_go_on(numbers, total, end))
    if options.as_json:
        return
    if not options.quiet:
        parts = [f"{numbers[status]} {status}" for status in STATUSES if numbers[status]]
        parts += [f"{total - len(records)} not begun"] * (total > len(records))
        # what a failed step itself spent is in no state
        money = in_money(cost(records), at_least=numbers["failed"] > 0)
        print(f"{total} in all: {', '.join(parts)}; {money}")  # noqa: T201
    print(end.summary.file)  # noqa: T201


def _how_to_go_on(numbers: Counter[Standing], total: int, end: End) -> list[str]:
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


def code(end: End) -> int:
    """Return the exit code: the worst that happened to any prompt."""
    if end.signum:
        return of_signal(end.signum)
    records = end.summary.records
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
