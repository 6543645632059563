"""One five-round trajectory of eight criteria against the bound of its data dependencies.

Real HTTP on loopback, servers with fixed delays. The bound follows Eq. 1 to 7 alone: what
needs what, everything else at once, no overhead.

    python -m tools.bench_pipeline
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from typing import NamedTuple

from gems_graph import Store, build_graph
from gems_graph.testing import ChatServer, ImageServer

ROUNDS, CRITERIA, LIMIT = 5, 8, 1.08


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
        "decompose": {"criteria": [f"Is there {n}?" for n in range(CRITERIA)]},
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


def measure(delays: Delays) -> float:
    """Return the seconds that one trajectory takes, clients warm: the median of three."""
    with serving(delays) as (chat, images), tempfile.TemporaryDirectory() as folder:
        graph = build_graph(
            mllm="compat:m",
            mllm_url=chat,
            generator=f"http:{images}",
            store=Store(folder),
            max_iterations=ROUNDS,
        )
        graph.invoke({"prompt": "warm up"}, context={"max_iterations": 2})  # type: ignore[arg-type]
        taken = []
        for _ in range(3):
            started = time.perf_counter()
            out = graph.invoke({"prompt": "measure"})
            taken.append(time.perf_counter() - started)
            assert len(out["rounds"]) == ROUNDS
    return median(taken)


def main() -> None:
    print("chat/probe/image s   bound s   taken s   ratio")
    worst = 0.0
    for delays in (Delays(0.3, 0.15, 0.6), Delays(0.6, 0.3, 0.15)):
        least, taken = bound(delays, ROUNDS), measure(delays)
        worst = max(worst, taken / least)
        shown = "/".join(f"{delay:g}" for delay in delays)
        print(f"{shown:<18} {least:9.2f} {taken:9.2f} {taken / least:7.3f}")
    print(f"worst ratio {worst:.3f}, limit {LIMIT}")
    if worst > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
