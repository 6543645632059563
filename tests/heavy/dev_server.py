"""`langgraph dev` as a newcomer starts it, on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]


@contextmanager
def dev_server(folder: Path) -> Iterator[str]:
    """Start the server with nothing but a home of its own, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "langgraph"), "dev", "--no-browser", "--no-reload"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GEMS_")}
    environment = {**kept, "GEMS_HOME": str(folder / "home"), "LANGSMITH_TRACING": "false"}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            if httpx2.get(f"{address}/ok", timeout=1).is_success:
                return
        except httpx2.TransportError:
            continue
    message = f"langgraph dev did not start:\n{log.read_text(errors='replace')[-3000:]}"
    raise RuntimeError(message)
