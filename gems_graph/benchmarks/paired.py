"""What one way has over each other, paired by prompt: the same prompts and seeds for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gems_graph.benchmarks.rows import Row


def differences(rows: Sequence[Row]) -> Iterator[tuple[Row, Row, list[float]]]:
    """Return the first of some rows, each other, and by prompt what the first one has over it.

    Rows are those of one benchmark and route; GEMS is the first, where it is among them. Prompts
    that either lacks a score of are left out.
    """
    first = next((row for row in rows if row.label == "gems"), rows[0])
    mine = first.report["each"] if first.report else {}
    for row in rows:
        theirs = row.report["each"] if row.report else {}
        both = [i for i in mine if mine[i] is not None and theirs.get(i) is not None]
        if row is not first and both:
            yield first, row, [mine[i] - theirs[i] for i in both]
