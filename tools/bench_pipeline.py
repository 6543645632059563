"""One five-round trajectory of eight criteria against the bound of its data dependencies.

Real HTTP on loopback, servers with fixed delays. The bound follows Eq. 1 to 7 alone: what
needs what, everything else at once, no overhead.

    python -m tools.bench_pipeline
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from typing import Any, NamedTuple

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from gems_graph import build_graph, paths
from gems_graph.persistence.savers import open_saver
from gems_graph.testing import ChatServer, ImageServer

ROUNDS, CRITERIA = 5, 8
ASKED = ("Are there two cats?", 'Does the sign read "OPEN"?', "Is the mood calm?")
"""With the others, criteria of every kind: each picture is encoded in three sizes."""
LIMITS = {"bare": 1.08, "gems run": 1.15, "stock saver": 1.15}


class Delays(NamedTuple):
    """Seconds of a chat call, of one probe, and of an image."""

    chat: float
    probe: float
    image: float


def bound(delays: Delays, rounds: int) -> float:
    """Return when V_N is known if every call starts as soon as what it needs is there."""
    criteria = prompt = delays.chat  # C = F_dec(U) and P_1 = F_plan(U, S), side by side
    memory = 0.0  # when M_{i-1} is complete
    verdict = 0.0
    for _ in range(rounds):
        image = prompt + delays.image
        verdict = max(image, criteria) + delays.probe
        prompt = max(verdict, memory) + delays.chat  # Eq. 6
        memory = max(verdict, memory) + delays.chat  # Eq. 7
    return verdict


def serve(delays: Delays, urls: Connection) -> None:
    """Run both servers until told to end; in a process of their own, as servers are."""
    script = {
        "decompose": {"criteria": [*ASKED, *(f"Is there a {c}?" for c in "abcde")][:CRITERIA]},
        "verify": {"evidence": "-", "answer": "no"},
    }
    waits = {"": delays.chat, "verify": delays.probe}
    with (
        ChatServer(script, delays=waits) as chat,
        ImageServer(delay=delays.image, size=(1024, 1024)) as images,
    ):
        urls.send((chat.url, images.url))
        urls.recv()


@contextmanager
def serving(delays: Delays) -> Iterator[tuple[str, str]]:
    """Yield the URLs of a chat and an image server with these delays."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(delays, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


@asynccontextmanager
async def bare() -> AsyncIterator[Any]:
    """Keep nothing."""
    yield None


@asynccontextmanager
async def stock() -> AsyncIterator[Any]:
    """Keep checkpoints in LangGraph's own saver, as it comes."""
    async with AsyncSqliteSaver.from_conn_string(str(paths.home() / "stock.sqlite")) as saver:
        yield saver


DOORS: dict[str, tuple[Callable[[], AbstractAsyncContextManager[Any]], Any]] = {
    "bare": (bare, None),
    "gems run": (open_saver, "sync"),
    "stock saver": (stock, None),
}
"""Checkpointers, and their durability; with one, every call is journaled as well."""


async def measure(chat: str, images: str, door: str) -> float:
    """Return the seconds that one trajectory takes, clients warm: the median of three."""
    opened, durability = DOORS[door]
    async with opened() as saver:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat, generator=f"http:{images}", max_iterations=ROUNDS,
            checkpointer=saver,
        )  # fmt: skip
        taken = []
        for turn in range(4):
            at: Any = {"configurable": {"thread_id": f"{door} {turn}"}} if saver else None
            started = time.perf_counter()
            out = await graph.ainvoke({"prompt": "measure"}, at, durability=durability)
            taken.append(time.perf_counter() - started)
            assert len(out["rounds"]) == ROUNDS
    return median(taken[1:])  # the first has warmed up


def main() -> None:
    print(f"{'chat/probe/image s':<20}{'bound s':>8}", *(f"{door:>12}" for door in DOORS))
    worst = dict.fromkeys(DOORS, 0.0)
    for delays in (Delays(0.3, 0.15, 0.6), Delays(0.6, 0.3, 0.15)):
        least, ratios = bound(delays, ROUNDS), {}
        with serving(delays) as urls, tempfile.TemporaryDirectory() as home:
            os.environ["GEMS_HOME"] = home
            for door in DOORS:
                ratios[door] = asyncio.run(measure(*urls, door)) / least
                worst[door] = max(worst[door], ratios[door])
        shown = "/".join(f"{delay:g}" for delay in delays)
        print(f"{shown:<20}{least:8.2f}", *(f"{ratio:12.3f}" for ratio in ratios.values()))
    limits = ", ".join(f"{door} {ratio:.3f} of {LIMITS[door]}" for door, ratio in worst.items())
    print(f"worst ratio to the bound, and limits: {limits}")
    if any(ratio > LIMITS[door] for door, ratio in worst.items()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
