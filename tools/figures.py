"""Draw the figures of docs/miniature.md from the numbers of the benchmark of the loop.

python -m tools.bench_loop --out bench.json
python -m tools.figures bench.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools import charts
from tools.charts import Point

FOLDER = Path(__file__).parents[1] / "docs" / "figures"
Report = dict[str, Any]


def ablation(report: Report) -> str:
    """Share right with more and more of the parts."""
    values = {arm: Point(0, *row["right"]) for arm, row in report["ablation"].items()}
    return charts.rows("Right with more and more of the parts", values)


def kinds(report: Report) -> str:
    """Gain over five seeds is a difference; the bars are GEMS's own share, by kind."""
    values = {
        kind: Point(0, *row["right"]["GEMS"]) for kind, row in report["loop"]["kinds"].items()
    }
    return charts.rows("Right with GEMS, by kind of request", values)


def images(report: Report) -> str:
    """Share right against the images that were drawn for it."""
    series = {
        arm: [Point(row["images"], *row["right"]) for row in curve]
        for arm, curve in report["loop"]["within"].items()
    }
    return charts.lines("Right, by what was drawn for it", "mean images a request", series)


def allowed(report: Report) -> str:
    """Share right against the images that were allowed."""
    series = {
        arm: [Point(row["allowed"], *row["right"]) for row in curve]
        for arm, curve in report["loop"]["within"].items()
    }
    return charts.lines("Right, by how many images were allowed", "images allowed", series)


def ended(report: Report) -> str:
    """After how many images GEMS ended."""
    curve = report["loop"]["within"]["GEMS"]
    shares = [(row["allowed"], row["ended"]) for row in curve]
    values = {f"{n} image{'s' * (n > 1)}": Point(0, share, share, share) for n, share in shares}
    return charts.rows("Images that GEMS drew for a request", values)


FIGURES: dict[str, Callable[[Report], str]] = {
    "ablation": ablation,
    "kinds": kinds,
    "images": images,
    "allowed": allowed,
    "ended": ended,
}


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", type=Path, help="written by tools.bench_loop --out")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    report = json.loads(options.numbers.read_text("utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        (options.out / f"{name}.svg").write_text(draw(report), "utf-8")


if __name__ == "__main__":
    main()
