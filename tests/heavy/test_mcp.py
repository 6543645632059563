"""`gems mcp` as a process of its own, with clients of the SDK 2 and 1; about 40 s."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra `mcp`")

import anyio
from mcp import Client, StdioServerParameters

from gems_graph.persistence.threads import open_threads
from tests.conftest import HARD
from tests.heavy import old_mcp_client

GEMS = [sys.executable, "-m", "gems_graph.cli", "mcp"]
SET = ["--set", "seed=1", "--max-iterations", "4"]


@pytest.fixture
def http(tmp_path: Path) -> Iterator[str]:
    """Serve over HTTP, and return the address."""
    command = [*GEMS, "--http", "--port", "0", *SET]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stderr
        assert process.stdout
        found = re.match(rb"MCP at (\S+)", process.stderr.readline())
        assert found
        try:
            yield found[1].decode()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            assert process.stdout.read() == b""


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a Python with the SDK 1, in an environment of its own."""
    if given := os.environ.get("GEMS_TEST_OLD_MCP"):
        return given
    folder = tmp_path_factory.mktemp("old")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "mcp<2"]
    if subprocess.run(install, capture_output=True, timeout=300, check=False).returncode:
        pytest.skip("mcp 1 cannot be installed here: no network")
    return python


@asynccontextmanager
async def over_stdio(tmp_path: Path) -> AsyncIterator[Client]:
    environment = {k: v for k, v in os.environ.items() if k.startswith("GEMS") or k == "PATH"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    started = StdioServerParameters(command=GEMS[0], args=[*GEMS[1:], *SET], env=environment)
    async with Client(started) as client:
        yield client


async def use(client: Client) -> dict[str, Any]:
    """Go through a drawing, an error and a cancelled drawing that goes on."""
    told: list[tuple[float, str]] = []
    with anyio.CancelScope() as scope:

        async def progress(done: float, most: float | None, words: str | None) -> None:
            told.append((done, words or ""))

        drawn = await client.call_tool("draw", {"prompt": HARD}, progress_callback=progress)
        failed = await client.call_tool("draw", {"prompt": "a fox"})

        async def stop(done: float, most: float | None, words: str | None) -> None:
            if done == 1:
                scope.cancel()

        given = {"prompt": HARD, "thread": "cut short"}
        await client.call_tool("draw", given, progress_callback=stop)
    assert scope.cancelled_caught
    again = await client.call_tool("draw", {"thread": "cut short"})
    record = await client.read_resource("gems://trajectory/cut%20short")
    return {
        "numbers": [done for done, _ in told],
        "blocks": [block.type for block in drawn.content],
        "account": drawn.structured_content,
        "error": failed.content[0].text if failed.is_error else "",
        "again": again.structured_content,
        "record": json.loads(record.contents[0].text),
    }


def check(seen: dict[str, Any]) -> None:
    assert seen["numbers"] == sorted({*seen["numbers"]})
    assert {1, 2} <= {*seen["numbers"]}
    assert seen["blocks"] == ["image", "text"]
    assert seen["account"]["state"] == "passed"
    assert "does not know 'fox'" in seen["error"]
    assert (seen["again"]["state"], seen["again"]["rounds"]) == ("passed", 2)
    assert len(seen["record"]["rounds"]) == 2


async def images_of(thread: str) -> int:
    async with open_threads() as threads:
        images: int = (await threads.state(thread))["ledger"]["generator"]["images"]
    return images


def test_over_stdio(tmp_path: Path) -> None:
    async def run() -> int:
        async with over_stdio(tmp_path) as client:
            check(await use(client))
        return await images_of("cut short")

    assert anyio.run(run) == 2


def test_over_http(http: str) -> None:
    async def run() -> int:
        async with Client(http) as client:
            check(await use(client))
        return await images_of("cut short")

    assert anyio.run(run) == 2


def test_an_old_client_over_http(http: str, old_python: str) -> None:
    script = str(Path(old_mcp_client.__file__))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [old_python, script, http, HARD], env=environment, capture_output=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    seen = json.loads(done.stdout)
    assert seen.pop("version").startswith("1.")
    check(seen)
    assert anyio.run(images_of, "cut short") == 2


def test_over_stdio_a_client_that_goes_leaves_what_it_paid(tmp_path: Path) -> None:
    async def run() -> int:
        async with over_stdio(tmp_path) as client, anyio.create_task_group() as group:

            async def leave(done: float, most: float | None, words: str | None) -> None:
                if done == 1:
                    group.cancel_scope.cancel()

            given = {"prompt": HARD, "thread": "left"}
            await client.call_tool("draw", given, progress_callback=leave)
        async with over_stdio(tmp_path) as client:
            again = await client.call_tool("draw", {"thread": "left"})
        assert again.structured_content["state"] == "passed"
        return await images_of("left")

    assert anyio.run(run) == 2


def test_nothing_but_the_protocol_is_on_stdout(tmp_path: Path) -> None:
    """Speak it by hand: each line is a message, also while a drawing goes on."""
    begin = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t"}}
    begin["clientInfo"] = {"name": "t", "version": "1"}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": begin},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {
            "name": "draw", "arguments": {"prompt": "a red fish"}, "_meta": {"progressToken": 7},
        }},
    ]  # fmt: skip
    with subprocess.Popen(
        [*GEMS, *SET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        process.stdin.flush()
        lines = []
        while not lines or lines[-1].get("id") != 2:
            lines.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stdout.read() == b""
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    told = [line["params"]["progress"] for line in lines if "method" in line]
    assert told == [0, 0.1, 0.5, 1]
    assert lines[-1]["result"]["structuredContent"]["state"] == "passed"
