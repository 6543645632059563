"""What the benchmarks of the loop share: held-out requests, pictures drawn once, workers."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import random
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.generators import GenerateRequest, encode, open_generator
from gems_graph.graph import Graph
from tools.mini.kinds import HELD
from tools.mini.kinds import KINDS as ALL_KINDS
from tools.mini.requests import Request, build

HELD_OUT = 20_260  # no other tool draws requests with this seed
EASY = ("one object", "one object, big or small", *HELD)
"""Kinds that leave a loop nothing to do, or that other tables report."""
KINDS = [kind for kind in ALL_KINDS if kind not in EASY]
Cell = tuple[bool, int]
"""Whether the chosen picture is right, and how many images it took."""
Row = dict[str, Cell]


class Job(NamedTuple):
    """One request with the seed of its first round."""

    request: Request
    seed: int


class Cached:
    """The offline generator, each picture drawn once: arms, workers and tables share most."""

    name = "mini"

    def __init__(self, folder: Path) -> None:
        self._mini, self._folder = open_generator("mini"), folder
        folder.mkdir(parents=True, exist_ok=True)

    async def __call__(self, prompt: str, *, seed: int, size: Any = None) -> bytes:
        key = hashlib.sha256(f"{seed}|{prompt}".encode()).hexdigest()
        file = self._folder / f"{key}.png"
        if not file.exists():
            [picture] = await self._mini.generate(GenerateRequest(prompt=prompt, seed=seed))
            part = file.with_suffix(f".{random.randrange(2**32)}")
            part.write_bytes(encode(picture.data))
            part.replace(file)
        return file.read_bytes()


class Arena:
    """Graphs over one store and one cache of pictures."""

    def __init__(self, folder: str) -> None:
        self._store = Store(Path(folder) / "store")
        self._generator = Cached(Path(folder) / "drawn")

    def graph(self, **build: Any) -> Graph:
        """Build a graph of the offline models; an error must not pass for a best effort."""
        made = {"mllm": "mini", "generator": self._generator, "store": self._store}
        return build_graph(raise_on_error=True, **made, **build)

    async def draw(self, graph: Graph, request: Request, seed: int) -> dict[str, Any]:
        """Run a graph on a request's plain words."""
        given = {"prompt": request.wordings["terse"]}
        return await graph.ainvoke(given, context={"seed": seed})  # type: ignore[arg-type]

    def judged(self, request: Request, out: dict[str, Any]) -> Cell:
        """Judge what a run chose, by the second reader."""
        return self.right(request, out["result"]["image"]), len(out["rounds"])

    def right(self, request: Request, ref: Any) -> bool:
        """Say whether a picture shows exactly what was asked for."""
        data = self._store.read(ref["sha256"])
        return request.right(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def requests(count: int) -> list[Request]:
    """Make up held-out requests, the kinds in equal parts; fewer are the first of more."""
    rng = random.Random(HELD_OUT)
    return [build(KINDS[k % len(KINDS)], rng) for k in range(count)]


def jobs(count: int, seeds: int) -> list[Job]:
    """Pair every request with every seed, the first seed of all of them first."""
    return [
        Job(request, 1000 * seed + 7 * number)
        for seed in range(seeds)
        for number, request in enumerate(requests(count))
    ]


def run(measure: Callable[[Arena, Job], Awaitable[Row]], todo: Sequence[Job], workers: int,
        folder: str) -> list[Row]:  # fmt: skip
    """Measure every job, in processes of their own; `measure` is a module's own function."""
    work = functools.partial(_work, measure, folder)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, todo, chunksize=4))


@functools.cache
def _arena(folder: str) -> Arena:
    return Arena(folder)


def _work(measure: Callable[[Arena, Job], Awaitable[Row]], folder: str, job: Job) -> Row:
    async def measured() -> Row:
        return await measure(_arena(folder), job)

    return asyncio.run(measured())


def shares(rows: Sequence[Row], arm: str, seeds: int) -> np.ndarray:
    """Return the share right of each request: its seeds are no independent cases."""
    return np.array([row[arm][0] for row in rows], float).reshape(seeds, -1).mean(0)


def images(rows: Sequence[Row], arm: str) -> float:
    """Return the mean number of images."""
    return float(np.mean([row[arm][1] for row in rows]))
