"""Does the loop earn its images? GEMS on the small world against what five images buy anyway.

200 held-out requests of the kinds that the offline generator finds hard, three seeds each:

- one image: the plain prompt, one seed;
- five seeds: the plain prompt five times, chosen by the same Verifier;
- muted: the whole loop, but the Refiner hands P_i on unchanged;
- GEMS: the whole loop, N_max 5.

Every arm draws round i with the same seed, so that only the wording differs. Right is judged
by a second pixel reader (`tools/mini/checker.py`), which shares no method with the Verifier;
how far both can be trusted is measured first, on rendered scenes whose truth is known.

    python -m tools.bench_loop [--requests 200] [--seeds 3] [--out bench_loop.json]
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import io
import json
import random
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.generators import open_generator
from gems_graph.graph import Graph
from gems_graph.memory import best
from gems_graph.nodes import MODULES
from gems_graph.state import Attempt, State
from gems_graph.toolbox import Toolbox
from tools.mini.evaluate import interval
from tools.mini.hard import KINDS, Request, build

N_MAX = 5
HELD_OUT = 20_260  # no other tool draws requests with this seed
ARMS = ("one image", "five seeds", "muted", "GEMS")


class Cached:
    """The offline generator, each picture drawn once: the arms share most of them."""

    name = "mini"

    def __init__(self) -> None:
        self._draw = open_generator("mini")
        self._drawn: dict[tuple[str, int], bytes] = {}

    async def __call__(self, prompt: str, *, seed: int, size: Any = None) -> bytes:
        if (prompt, seed) not in self._drawn:
            picture = await self._draw(prompt, seed=seed)
            assert isinstance(picture, bytes)
            self._drawn[prompt, seed] = picture
        return self._drawn[prompt, seed]


async def muted(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Hand the prompt on unchanged: P_{i+1} = P_i."""
    n, prompt = state["attempt"]["n"], state["attempt"]["prompt"]
    return {"attempt": Attempt(n=n + 1, prompt=prompt, thought=toolbox.keep(""))}


def requests(count: int) -> list[Request]:
    """Make up held-out requests, the kinds in equal parts."""
    rng = random.Random(HELD_OUT)
    kinds = list(KINDS)
    return [build(kinds[k % len(kinds)], rng) for k in range(count)]


class Bench:
    """The arms over one store and one cache of pictures."""

    def __init__(self, folder: str) -> None:
        self.store = Store(folder)
        made = {"mllm": "mini", "generator": Cached(), "store": self.store}
        self.gems: Graph = build_graph(max_iterations=N_MAX, **made)
        self.muted: Graph = build_graph(
            max_iterations=N_MAX, modules={**MODULES, "refiner": muted}, **made
        )
        self.single: Graph = build_graph(max_iterations=1, **made)

    async def measure(self, request: Request, seed: int) -> dict[str, tuple[bool, int]]:
        """Return, for each arm, whether the chosen picture is right, and the images drawn."""
        given = {"prompt": request.wordings["plain"]}
        singles = [
            await self.single.ainvoke(given, context={"seed": seed + k})  # type: ignore[arg-type]
            for k in range(N_MAX)
        ]
        chosen = best([single["rounds"][0] for single in singles])
        loops = {"muted": self.muted, "GEMS": self.gems}
        out = {name: await g.ainvoke(given, context={"seed": seed}) for name, g in loops.items()}  # type: ignore[arg-type]
        return {
            "one image": (self._right(request, singles[0]["result"]["image"]), 1),
            "five seeds": (self._right(request, chosen["image"]), N_MAX),
            **{
                name: (self._right(request, each["result"]["image"]), len(each["rounds"]))
                for name, each in out.items()
            },
        }

    def _right(self, request: Request, ref: Any) -> bool:
        data = self.store.read(ref["sha256"])
        return request.right(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


@functools.cache
def _bench() -> Bench:
    return Bench(tempfile.mkdtemp(prefix="bench-loop-"))


def work(job: tuple[Request, int]) -> dict[str, tuple[bool, int]]:
    """Measure one request with one seed (in a worker process)."""
    return asyncio.run(_bench().measure(*job))


def table(jobs: Sequence[tuple[Request, int]], rows: Sequence[Any], seeds: int) -> dict[str, Any]:
    """Return the share right, the mean images, and GEMS minus each other arm, with intervals."""
    report: dict[str, Any] = {}
    for kind in [*KINDS, "all"]:
        mine = [row for (r, _), row in zip(jobs, rows, strict=True) if kind in (r.kind, "all")]
        # seeds of one request are no independent cases: intervals are over requests
        right = {
            arm: np.array([row[arm][0] for row in mine], float).reshape(seeds, -1).mean(0)
            for arm in ARMS
        }
        report[kind] = {
            "n": len(mine),
            "right": {arm: interval(right[arm]) for arm in ARMS},
            "images": {arm: float(np.mean([row[arm][1] for row in mine])) for arm in ARMS},
            "GEMS minus": {arm: interval(right["GEMS"] - right[arm]) for arm in ARMS[:-1]},
        }
    return report


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{'kind':<22}{'n':>5}  " + "".join(f"{arm:>12}" for arm in ARMS) + "   images")
    for kind, row in report.items():
        shares = "".join(f"{row['right'][arm][0]:>12.3f}" for arm in ARMS)
        print(f"{kind:<22}{row['n']:>5}  {shares}   {row['images']['GEMS']:.2f}")
    print("\nGEMS minus each other arm, paired, with 95 % intervals")
    for kind, row in report.items():
        gaps = [
            f"{arm}: {m:+.3f} [{lo:+.3f}, {hi:+.3f}]"
            for arm, (m, lo, hi) in row["GEMS minus"].items()
        ]
        print(f"{kind:<22} " + "   ".join(gaps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    jobs = [
        (request, 1000 * seed + 7 * number)
        for seed in range(options.seeds)
        for number, request in enumerate(requests(options.requests))
    ]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(work, jobs, chunksize=4))
    report = table(jobs, rows, options.seeds)
    show(report)
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
