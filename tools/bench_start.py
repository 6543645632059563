"""How long a user waits at the start: the import, the command, the first picture.

python -m tools.bench_start
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time


def seconds(*command: str) -> float:
    """Return the best of three runs of a fresh process."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return min(taken)


async def picture() -> float:
    """Return the seconds of one warm picture of the offline generator."""
    from gems_graph.generators import open_generator

    draw = open_generator("mini")
    await draw("a red circle", seed=0)
    started = time.perf_counter()
    for seed in range(5):
        await draw("two red circles left of a blue square", seed=seed)
    return (time.perf_counter() - started) / 5


def main() -> None:
    bare = seconds(sys.executable, "-c", "pass")
    rows = {
        "import gems_graph": ("-c", "import gems_graph"),
        "import gems_graph.graph": ("-c", "import gems_graph.graph"),
        "gems --help": ("-m", "gems_graph.cli", "--help"),
    }
    for name, arguments in rows.items():
        print(f"{name:<28} {seconds(sys.executable, *arguments) - bare:6.2f} s over python itself")
    print(f"{'one picture of mini, warm':<28} {asyncio.run(picture()):6.2f} s")


if __name__ == "__main__":
    main()
