"""All strategies and the ablations of Fig. 4 on the small world, by the commands that users type.

    python -m tools.eval_shapes [--limit 24] [--seeds 3] [--out runs/shapes] [--docs]

`gems eval run shapes` with every strategy that is offline and every preset of Fig. 4, `gems eval
judge` on the pixels, `gems eval report`. Killed at any moment, the same command goes on. With
`--docs`, tables and figures of docs/benchmarks.md are written anew. Promptist's model is not
offline.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gems_graph.benchmarks.rows import collect
from gems_graph.benchmarks.tables import Table, markdown, tables

STRATEGIES = ("original", "rewrite", "search", "maestro", "craft", "gems")
ABLATIONS = (
    "loop-only", "memory-feedback", "memory-images", "memory-thought", "memory-experience",
    "no-skills",
)  # fmt: skip
DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- begin of tools.eval_shapes -->\n", "<!-- end of tools.eval_shapes -->"
_FIGURES = ("fig4-shapes-pixels", "fig5-shapes", "fig6-shapes-pixels", "fig8-shapes")
_SHOWN = ("", "soft_tifa_gm", "soft_tifa_am", "count", "position")


def gems(*call: str) -> None:
    """Run a command; some pictures are a best effort, as they should be."""
    code = subprocess.run([sys.executable, "-m", "gems_graph.cli", *call], check=False).returncode
    if code not in (0, 3):
        sys.exit(code)


def draw_and_judge(options: argparse.Namespace) -> None:
    """Draw what is missing, judge all, and write the report."""
    out = str(options.out)
    gems(
        "eval", "run", "shapes", "--limit", str(options.limit), "--seeds", str(options.seeds),
        "--strategy", ",".join(STRATEGIES), "--preset", ",".join(ABLATIONS), "--out", out,
        "--concurrency", str(options.concurrency),
    )  # fmt: skip
    gems("eval", "judge", out, "--quiet")
    gems("eval", "report", out)


def section(out: Path) -> str:
    """Return what docs/benchmarks.md says of a run."""
    rows = collect([out])
    run, by_title = rows[0].run, {table.title: table for table in tables(rows)}
    scores, paired = by_title["shapes"], by_title["shapes: differences of prompts' scores, paired"]
    took = by_title["What a picture took"]
    n, seeds = len(run["prompts"]), len(run["seeds"])
    said = f"{n} requests, {seeds} seeds each; commit {run['commit']}.\n"
    figures = "\n\n".join(map(_picture, _FIGURES))
    listed = [_of_shapes(scores, took), _plain(paired)]
    return f"{said}\n{listed[0]}\n{listed[1]}\n{figures}\n"


def _of_shapes(scores: Table, took: Table) -> str:
    """Return scores with the pictures and calls that they took."""
    names = [name for name in _SHOWN if name in scores.head]
    columns = [scores.head.index(name) for name in names]
    beside = {row[1]: [row[took.head.index(name)] for name in ("images each", "calls each")]
              for row in took.rows}  # fmt: skip
    lines = [
        [row[columns[0]].split(" (")[0], *(row[k] for k in columns[1:])] for row in scores.rows
    ]
    body = [[*line, *beside[line[0]]] for line in lines]
    head = ["way", *names[1:], "pictures each", "calls each"]
    return _plain(Table("", head, body, len(body)))


def _plain(table: Table) -> str:
    return markdown(table).split("\n", 2)[2]


def _picture(name: str) -> str:
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="figures/{name}-dark.svg">'
        f'<img alt="{name}" src="figures/{name}-light.svg"></picture>'
    )


def write_docs(out: Path, docs: Path = DOCS) -> None:
    """Write the section and its figures anew."""
    page = docs / "benchmarks.md"
    text = page.read_text("utf-8")
    parts = re.split(f"{re.escape(BEGIN)}.*?{re.escape(END)}", text, flags=re.DOTALL)
    page.write_text(f"{BEGIN}{section(out)}{END}".join(parts), "utf-8")
    for name in _FIGURES:
        for theme in ("light", "dark"):
            file = f"{name}-{theme}.svg"
            shutil.copyfile(out / "report" / file, docs / "figures" / file)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=24, help="requests, of 80")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("runs/shapes"))
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks.md anew")
    return parser.parse_args(given)


def main() -> None:
    options = arguments()
    draw_and_judge(options)
    if options.docs:
        write_docs(options.out)


if __name__ == "__main__":
    main()
