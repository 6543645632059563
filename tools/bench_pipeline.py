"""One five-round trajectory of eight criteria against the bound of its data dependencies.

Real HTTP on loopback, servers with fixed delays. The bound follows Eq. 1 to 7 alone: what
needs what, everything else at once, no overhead.

    python -m tools.bench_pipeline
"""

from __future__ import annotations

import tempfile
import time
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


def measure(delays: Delays) -> float:
    """Return the seconds that one trajectory takes, clients warm."""
    script = {
        "decompose": {"criteria": [f"Is there {n}?" for n in range(CRITERIA)]},
        "verify": {"evidence": "-", "answer": "no"},
    }
    waits = {"": delays.chat, "verify": delays.probe}
    with (
        ChatServer(script, delays=waits) as chat,
        ImageServer(delay=delays.image, size=(1024, 1024)) as images,
        tempfile.TemporaryDirectory() as folder,
    ):
        graph = build_graph(
            mllm="compat:m",
            mllm_url=chat.url,
            generator=f"http:{images.url}",
            store=Store(folder),
            max_iterations=ROUNDS,
        )
        graph.invoke({"prompt": "warm up"}, context={"max_iterations": 1})  # type: ignore[arg-type]
        started = time.perf_counter()
        out = graph.invoke({"prompt": "measure"})
        seconds = time.perf_counter() - started
    assert len(out["rounds"]) == ROUNDS
    return seconds


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
