"""Every strategy on the small world: the table and the figure that README shows, by `gems compare`.

Held-out requests of the kinds that the offline generator finds hard, three seeds each, five
pictures a run at most. Promptist's model is not offline: in its place stands an ablation of GEMS.

    python -m tools.bench_strategies [--requests 40] [--seeds 3] [--out bench-strategies]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gems_graph import cli
from tools.arena import requests

STRATEGIES = ("gems", "original", "rewrite", "search", "maestro", "craft", "gems:loop-only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench-strategies"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    prompts = options.out / "prompts.txt"
    lines = [request.wordings["terse"] for request in requests(options.requests)]
    prompts.write_text("".join(f"{line}\n" for line in lines))
    sys.argv = [
        "gems", "compare", str(prompts), "--strategies", ",".join(STRATEGIES), "--budget",
        "images=5", "--seeds", str(options.seeds), "--seed", "1", "--out", str(options.out),
    ]  # fmt: skip
    cli.main()


if __name__ == "__main__":
    main()
