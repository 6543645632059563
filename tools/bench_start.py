"""How long a user waits at the start: the import, a command, the first call, the first picture.

python -m tools.bench_start
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gems_graph.testing import DEFAULTS, ChatServer, ImageServer, planned

RUNS = 5
PAUSES = {"": 0.15, "verify": 0.3}
"""Seconds of the chat model by task: the plan, the criteria (at once), two probes (at once)."""
PICTURE = 0.6
"""Seconds of the image server; 0.15 + 0.6 + 0.3 make 1.05 s of model time."""


def seconds(*command: str, env: dict[str, str] | None = None) -> float:
    """Return the best of several runs of a fresh process."""
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=env)
        taken.append(time.perf_counter() - started)
    return min(taken)


def round_of_one() -> tuple[float, float]:
    """Return the best seconds of `gems run` from its spawn to its first chat call, and in all."""
    first, whole = [], []
    for _ in range(RUNS):
        arrivals: list[float] = []
        chat = ChatServer(_noting(arrivals), delays=PAUSES)
        with chat, ImageServer(delay=PICTURE) as images, tempfile.TemporaryDirectory() as home:
            started = time.perf_counter()
            _run("a red fish", chat.url, images.url, Path(home))
            whole.append(time.perf_counter() - started)
        first.append(arrivals[0] - started)
    return min(first), min(whole)


def _noting(arrivals: list[float]) -> dict[str, Any]:
    """Return the script of a chat server that notes when each request arrives."""

    def answering(script: Any) -> Callable[[str], Any]:
        def answer(prompt: str) -> Any:
            arrivals.append(time.perf_counter())
            return planned(script, 0, prompt)

        return answer

    return {task: answering(script) for task, script in DEFAULTS.items()}


def _run(prompt: str, chat: str, images: str, home: Path) -> None:
    options = {
        "--mllm": "compat:m", "--mllm-url": chat, "--generator": f"http:{images}",
        "--out": str(home / "out"),
    }  # fmt: skip
    pairs = [word for option in options.items() for word in option]
    command = [sys.executable, "-m", "gems_graph.cli", "run", prompt, "--quiet", *pairs]
    subprocess.run(command, check=True, capture_output=True, env=_environment(home))


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GEMS_HOME": str(home), "LANGSMITH_TRACING": "false"}


def history() -> float:
    """Return the seconds of `gems history` where one trajectory is kept."""
    with tempfile.TemporaryDirectory() as home, ChatServer() as chat, ImageServer() as images:
        _run("a red fish", chat.url, images.url, Path(home))
        env = _environment(Path(home))
        return seconds(sys.executable, "-m", "gems_graph.cli", "history", env=env)


async def picture() -> float:
    """Return the seconds of one warm picture of the offline generator."""
    from gems_graph.generators import GenerateRequest, open_generator

    generator, words = open_generator("mini"), "two red fish left of a blue house"
    await generator.generate(GenerateRequest(prompt=words, seed=5))
    started = time.perf_counter()
    for seed in range(5):
        await generator.generate(GenerateRequest(prompt=words, seed=seed))
    return (time.perf_counter() - started) / 5


def main() -> None:
    bare = seconds(sys.executable, "-c", "pass")
    commands = {
        "import gems_graph": ("-c", "import gems_graph"),
        "import gems_graph.graph": ("-c", "import gems_graph.graph"),
        "gems --help": ("-m", "gems_graph.cli", "--help"),
    }
    rows = {name: seconds(sys.executable, *each) for name, each in commands.items()}
    rows["gems history"] = history()
    rows["gems run, to its first call"], whole = round_of_one()
    for name, taken in rows.items():
        print(f"{name:<28} {taken:6.2f} s, {taken - bare:5.2f} s over python itself")
    print(f"{'gems run, one round':<28} {whole:6.2f} s, 1.05 s of it model time")
    print(f"{'one picture of mini, warm':<28} {asyncio.run(picture()):6.2f} s")


if __name__ == "__main__":
    main()
