"""The reports of `gems eval` as tables."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from gems_graph.calls.ledger import in_money, total
from gems_graph.prompting.sanitize import printable

Report = dict[str, Any]
_EXAMPLES = 5


def decomposer_tables(report: Report, console: Console) -> None:
    """Print how criteria cover atoms: over all, by skill, and what went wrong."""
    table = _table("", "atoms", "covered", "recall")
    for skill, row in report["by_skill"].items():
        table.add_row(skill, str(row["atoms"]), str(row["covered"]), _percent(row["recall"]))
    covered = sum(row["covered"] for row in report["by_skill"].values())
    table.add_section()
    table.add_row("all", str(report["atoms"]), str(covered), _percent(report["recall"]))
    console.print(table)
    share, compound, wrong = (report[name] for name in ("precision", "compound", "wrong_counts"))
    _say(
        console,
        f"{report['criteria']} criteria for {report['read'] + report['unreadable']} requests: "
        f"{_percent(share)} cover an atom, {compound} ask two facts in one, {wrong} state a wrong "
        "count.",
    )
    _print_counted(
        console,
        {"had no checklist that could be read": report["unreadable"],
         "failed": report["failed"], "were not asked": report["not_asked"]},
        report["requests"], "requests",
    )  # fmt: skip
    if report["atoms_unread"]:
        _say(console, f"{report['atoms_unread']} atoms could not be read, and are left out.")
    _print_used(report, console)
    _print_errors([item["error"] for item in report["items"] if item["error"]], console)


def verifier_tables(report: Report, console: Console) -> None:
    """Print how right each way of asking is, and how often two of them agree."""
    columns = ("right", "95 %", "unsure", "false yes", "false no", "calls", "kB")
    table = _table("per cent", *columns)
    for name, row in report["ways"].items():
        low, high = row["accuracy_95"]
        shares = [_hundredths(row[share]) for share in ("unsure", "false_yes", "false_no")]
        table.add_row(
            printable(name), _hundredths(row["accuracy"]), f"{100 * low:.0f}-{100 * high:.0f}",
            *shares, str(row["used"]["calls"]),
            f"{row['used']['bytes'] / 1000:.0f}",
        )  # fmt: skip
    console.print(table)
    _say(console, f"{report['questions']} questions about {report['pictures']} pictures a way.")
    _print_calibration(report, console)
    _print_skills(report, console)
    _print_agreement(report, console)
    for name, row in report["ways"].items():
        counted = {"failed": row["pictures_failed"], "were not asked": row["pictures_not_asked"]}
        answers = {"could not be read": row["unreadable"], "were refused": row["refused"]}
        _print_counted(console, answers, row["questions"], f"answers ({printable(name)})")
        _print_counted(console, counted, report["pictures"], f"pictures ({printable(name)})")
    _print_used(report, console)
    errors = [error for item in report["items"] for error in item["errors"].values()]
    _print_errors(errors, console)


def _print_calibration(report: Report, console: Console) -> None:
    """Print how far p(yes) can be believed, where any answer came with one."""
    if not any(row["with_p_yes"] for row in report["ways"].values()):
        return
    table = _table("p(yes)", "answers", "Brier", "ECE")
    for name, row in report["ways"].items():
        known = str(row["with_p_yes"])
        table.add_row(printable(name), known, _plain(row["brier"]), _plain(row["ece"]))
    console.print(table)


def skill_tables(report: Report, console: Console) -> None:
    """Print how often each skill was picked where it should be, and which requests went wrong."""
    table = _table("should be picked", "requests", "right")
    table.add_column("picked instead")
    for skill, row in report["by_skill"].items():
        instead = ", ".join(f"{name} {count}" for name, count in row["instead"].items())
        table.add_row(printable(skill), str(row["requests"]), str(row["right"]), printable(instead))
    console.print(table)
    answered = report["right"] + report["wrong"]
    _say(console, f"{report['right']} of {answered} right ({_percent(report['accuracy'])}).")
    counts = {
        "could not be read": report["unreadable"],
        "failed": report["failed"],
        "were not asked": report["not_asked"],
    }
    _print_counted(console, counts, report["requests"], "requests")
    for item in report["items"]:
        if item["status"] == "wrong":
            where = f"{item['id']}: {item['picked']} instead of {item['skill']}"
            _say(console, printable(f"{where}: {item['request']}"))
    _print_used(report, console)
    _print_errors([item["error"] for item in report["items"] if item["error"]], console)


def choice_lines(report: Report, console: Console) -> None:
    """Print which skill was picked for one request, and why."""
    _say(console, printable(report["picked"]))
    if report["thought"]:
        _say(console, printable(report["thought"].strip()))
    for text in report["notes"]:
        _say(console, f"note: {printable(text)}")


def _print_skills(report: Report, console: Console) -> None:
    """Print accuracy by kind of question, where the data tells kinds apart."""
    skills = list(dict.fromkeys(s for row in report["ways"].values() for s in row["by_skill"]))
    if not skills:
        return
    table = _table("per cent right", *skills)
    for name, row in report["ways"].items():
        table.add_row(printable(name), *(_hundredths(row["by_skill"].get(s)) for s in skills))
    console.print(table)


def _print_agreement(report: Report, console: Console) -> None:
    """Print how often each pair of ways says the same, as a matrix."""
    names = list(report["ways"])
    same = {tuple(pair["between"]): pair["same"] for pair in report["agreement"]}
    if not same:
        return
    table = _table("per cent the same", *map(str, range(1, len(names) + 1)))
    for n, name in enumerate(names, start=1):
        known = [same.get((name, other), same.get((other, name), 1.0)) for other in names]
        table.add_row(printable(f"{n} {name}"), *map(_hundredths, known))
    console.print(table)


def _print_counted(console: Console, counts: dict[str, int], of: int, noun: str) -> None:
    for what, count in counts.items():
        if count:
            _say(console, f"{count} of {of} {noun} {what}.")


def _print_used(report: Report, console: Console) -> None:
    used = total(report["used"])
    _say(
        console,
        f"{report['model']}: {used['calls']} calls, {used['input_tokens']} tokens in, "
        f"{used['output_tokens']} out, {used['seconds']:.1f} s of answers, "
        f"{in_money(used['cost'])}",
    )


def _print_errors(errors: list[str], console: Console) -> None:
    for error in list(dict.fromkeys(errors))[:_EXAMPLES]:
        _say(console, f"error: {printable(error)}")


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _hundredths(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def note(text: str) -> None:
    """Say something on stderr."""
    print(printable(text), file=sys.stderr, flush=True)  # noqa: T201
