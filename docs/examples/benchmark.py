"""A benchmark in one file: requests with known answers, a strategy, and a share of right pictures.

python docs/examples/benchmark.py
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gems_graph import run

REQUESTS: Mapping[str, Sequence[str]] = {
    "a red fish": ["Is there exactly one red fish?"],
    "two blue houses": ["Are there exactly two blue houses?"],
}
"""What is asked for, and what must be true of the picture."""


def share_right(strategy: str = "gems", seeds: Sequence[int] = (0, 1)) -> float:
    """Return the share of requests and seeds for which everything holds."""
    right = [
        run(request, checklist=truths, strategy=strategy, seed=seed).success
        for request, truths in REQUESTS.items()
        for seed in seeds
    ]
    return sum(right) / len(right)


if __name__ == "__main__":
    print(f"gems: {share_right():.2f} right")
