"""Bytes that five rounds of eight criteria on photographs send, by sizes and verify mode.

Real HTTP on loopback; every round fails, so that all five are drawn.

    python -m tools.bench_bytes
"""

from __future__ import annotations

import tempfile
from typing import Any

from gems_graph import Store, build_graph
from gems_graph.testing import ChatServer, ImageServer
from tools.photographs import photograph

ROUNDS, LIMIT = 5, 8_000_000
MIXED = [
    "Is there a cat?", "Are there exactly three birds?", "Is the cat left of the dog?",
    "Is the mood calm?", 'Does the sign read "OPEN"?', "Is the dog brown?",
    "Is the man holding an umbrella?", "Is there a small key on the table?",
]  # fmt: skip
CHECKLISTS = {"mixed": MIXED, "details": [f"Are there exactly two {c}s?" for c in "abcdefgh"]}
DIALS: dict[str, dict[str, Any]] = {
    "one size (560 px)": {"detail_max_side": None, "scene_max_side": None},
    "per-criterion": {},
    "batched": {"verify": "batched"},
    "batched, direct": {"verify": "batched", "probe": "direct"},
}


def _judged(prompt: str) -> dict[str, Any]:
    numbers = range(1, prompt.count("<criterion n=") + 1)
    return {"verdicts": [{"n": n, "evidence": "none", "answer": "no"} for n in numbers]}


def measure(criteria: list[str], rounds: int = ROUNDS, **dials: Any) -> dict[str, int]:
    """Return the bytes of all chat requests, and the Verifier's calls and bytes of pictures."""
    script = {"decompose": {"criteria": criteria}, "verify": "no", "verify-all": _judged}
    pictures = [photograph(n) for n in range(rounds)]
    with (
        ChatServer(script) as chat, ImageServer(pictures) as images,
        tempfile.TemporaryDirectory() as folder,
    ):  # fmt: skip
        out = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}",
            store=Store(folder), max_iterations=rounds, **dials,
        ).invoke({"prompt": "p"})  # fmt: skip
        sent = sum(request.get("bytes", 0) for request in chat.requests)
    used = out["ledger"]["verifier"]
    return {"sent": sent, "calls": used["calls"], "pictures": used["image_bytes"]}


def main() -> None:
    print(f"{'criteria':<10}{'dials':<20}{'MB sent':>9}{'probes':>8}{'MB of their pictures':>22}")
    most = 0
    for checklist, criteria in CHECKLISTS.items():
        for name, dials in DIALS.items():
            told = measure(criteria, **dials)
            most = max(most, told["sent"])
            sent, pictures = told["sent"] / 1e6, told["pictures"] / 1e6
            print(f"{checklist:<10}{name:<20}{sent:9.2f}{told['calls']:8}{pictures:22.2f}")
    print(f"most: {most / 1e6:.2f} MB, limit {LIMIT / 1e6:g} MB")
    if most > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
