"""Does the loop earn its images? GEMS on the small world against what five images buy anyway.

Held-out requests of the kinds that the offline generator finds hard, three seeds each:

- one image: the Planner's prompt, one seed;
- five seeds: the Planner's prompt five times, chosen by the same Verifier;
- muted: the whole loop, but the Refiner hands P_i on unchanged;
- GEMS: the whole loop, N_max 5.

Every arm draws round i with the same seed, so that only the wording differs. Right is judged
by a second pixel reader (`tools/mini/checker.py`), which shares no method with the Verifier;
how far both can be trusted is measured first, on rendered scenes whose truth is known. Last
comes the ablation of Fig. 4 (`tools/bench_memory.py`), on the first of the same requests.

    python -m tools.bench_loop [--only loop|ablation] [--requests 200] [--ablation 80]
                               [--seeds 3] [--out bench_loop.json] [--folder pictures]

With `--folder` pictures are kept there, and the same command again draws none of them twice.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gems_graph.graph import Graph
from gems_graph.memory import best
from gems_graph.nodes import MODULES
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State
from tools import bench_curves, bench_memory, bench_readers
from tools.arena import KINDS, Arena, Job, Row, images, jobs, run, shares
from tools.bench_curves import N_MAX
from tools.mini.evaluate import interval

ARMS = ("one image", "five seeds", "muted", "GEMS")


async def muted(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Hand the prompt on unchanged: P_{i+1} = P_i."""
    n, prompt = state["attempt"]["n"], state["attempt"]["prompt"]
    return {"attempt": Attempt(n=n + 1, prompt=prompt, thought=await toolbox.keep(""))}


@functools.cache
def _graphs(arena: Arena) -> dict[str, Graph]:
    return {
        "single": arena.graph(max_iterations=1),
        "muted": arena.graph(max_iterations=N_MAX, modules={**MODULES, "refiner": muted}),
        "GEMS": arena.graph(max_iterations=N_MAX),
    }


async def measure(arena: Arena, job: Job) -> Row:
    """Draw one request with every arm."""
    request, seed = job
    graphs = _graphs(arena)
    singles = [await arena.draw(graphs["single"], request, seed + k) for k in range(N_MAX)]
    drawn = {"five seeds": [single["rounds"][0] for single in singles]}
    loops = {arm: await arena.draw(graphs[arm], request, seed) for arm in ("muted", "GEMS")}
    drawn |= {arm: out["rounds"] for arm, out in loops.items()}
    row = {
        "one image": arena.judged(request, singles[0]),
        "five seeds": (arena.right(request, best(drawn["five seeds"])["image"]), N_MAX),
        **{arm: arena.judged(request, out) for arm, out in loops.items()},
    }
    for arm, rounds in drawn.items():
        row |= bench_curves.within(arena, request, arm, rounds)
    return row


def table(todo: Sequence[Job], rows: Sequence[Row], seeds: int) -> dict[str, Any]:
    """Return the share right, the mean images, and GEMS minus each other arm, with intervals."""
    report: dict[str, Any] = {}
    for kind in [*KINDS, "all"]:
        pairs = zip(todo, rows, strict=True)
        mine = [row for job, row in pairs if kind in (job.request.kind, "all")]
        if not mine:
            continue
        right = {arm: shares(mine, arm, seeds) for arm in ARMS}
        report[kind] = {
            "n": len(mine),
            "right": {arm: interval(right[arm]) for arm in ARMS},
            "images": {arm: images(mine, arm) for arm in ARMS},
            "GEMS minus": {arm: interval(right["GEMS"] - right[arm]) for arm in ARMS[:-1]},
        }
    return report


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    print(f"\n{'kind':<29}{'n':>5}  " + "".join(f"{arm:>12}" for arm in ARMS) + "   images")
    for kind, row in report.items():
        shown = "".join(f"{row['right'][arm][0]:>12.3f}" for arm in ARMS)
        print(f"{kind:<29}{row['n']:>5}  {shown}   {row['images']['GEMS']:.2f}")
    print("\nGEMS minus each other arm, paired, with 95 % intervals")
    for kind, row in report.items():
        gaps = [
            f"{arm}: {m:+.3f} [{lo:+.3f}, {hi:+.3f}]"
            for arm, (m, lo, hi) in row["GEMS minus"].items()
        ]
        print(f"{kind:<29} " + "   ".join(gaps), flush=True)


def loop(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Measure the loop against what the same images buy without it."""
    todo = jobs(options.requests, options.seeds)
    rows = run(measure, todo, options.workers, folder)
    report = table(todo, rows, options.seeds)
    show(report)
    return {"kinds": report, "within": bench_curves.table(rows, options.seeds, ARMS[1:])}


def ablation(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Measure what each part of the memory, and the skills, add."""
    todo = jobs(options.ablation, options.seeds)
    rows = run(bench_memory.measure, todo, options.workers, folder)
    report = bench_memory.table(rows, options.seeds)
    bench_memory.show(report, options.ablation, options.seeds)
    return report


def readers() -> dict[str, Any]:
    """Measure how far both readers can be trusted; without them no other number counts."""
    report = bench_readers.measure()
    bench_readers.show(report)
    if not bench_readers.trusted(report):
        sys.exit(f"A reader is right on less than {bench_readers.ENOUGH} of the atoms.")
    return report


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["loop", "ablation"], help="one of the tables alone")
    parser.add_argument("--requests", type=int, default=200, help="of the loop's table")
    parser.add_argument("--ablation", type=int, default=80, help="requests of the ablation")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=None, help="where pictures are kept")
    parser.add_argument("--out", type=Path, default=None, help="also write the numbers as JSON")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    report: dict[str, Any] = {"readers": readers()}
    with tempfile.TemporaryDirectory(prefix="bench-loop-") as folder:
        for name, part in (("loop", loop), ("ablation", ablation)):
            if options.only in (None, name):
                report[name] = part(options, str(options.folder or folder))
            if options.out:
                options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
