"""The table of criteria by rounds, for the live view and for `gems show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from gems_graph.prompting.sanitize import printable

_MARK = {"yes": ("✓", "bold green"), "no": ("✗", "bold red"), "unsure": ("?", "bold yellow")}


def verdict_table(questions: Sequence[str], answers: Mapping[int, Sequence[str]]) -> Table:
    """Return the table.

    Args:
        questions: the criteria.
        answers: `yes`, `no` or `unsure` by round, in the order of the criteria.
    """
    table = Table(box=None, padding=(0, 1))
    table.add_column("criterion", overflow="fold")
    for n in answers:
        table.add_column(str(n), justify="center")
    for k, question in enumerate(questions):
        marks = [
            Text(*_MARK[column[k]]) if k < len(column) else Text() for column in answers.values()
        ]
        table.add_row(Text(printable(question)), *marks)
    if answers:
        scores = [f"{list(column).count('yes')}/{len(column)}" for column in answers.values()]
        table.add_row("", *scores, style="dim")
    return table
