"""`gems eval data TASK --fetch` against a hub on loopback: consent, resume, a hub that is away."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub", reason="needs gems-graph[eval]")

REPO, COMMIT = "X-Omni/LongText-Bench", "a" * 40
RECORD = {"prompt": "a sign", "prompt_id": 7, "text": ["OPEN"]}
FILES = {
    "text_prompts.jsonl": json.dumps(RECORD).encode() + b"\n",
    "README.md": b"# LongText-Bench\n",
    "pictures/large.bin": b"not asked for",
}


class Hub(ThreadingHTTPServer):
    """As much of the hub's HTTP as a download takes.

    `failing` names files that get a 500; `served` holds the paths whose bytes were sent.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.failing: set[str] = set()
        self.served: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, head = self.path.split("?")[0], self.command == "HEAD"
        name = path.partition(f"/resolve/{COMMIT}/")[2]
        if path.startswith(f"/api/datasets/{REPO}/revision/"):
            self._send(json.dumps({"id": REPO, "sha": COMMIT}).encode(), head=head)
        elif path.startswith(f"/api/datasets/{REPO}/tree/"):
            self._send(json.dumps([_entry(each) for each in FILES]).encode(), head=head)
        elif name in self.server.failing:
            self._send(b"", 500, head=head)
        elif name in FILES:
            if not head:
                self.server.served.append(name)
            self._send(FILES[name], head=head)
        else:
            self._send(b"{}", 404, head=head)

    do_HEAD = do_GET

    def _send(self, body: bytes, status: int = 200, *, head: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _entry(name: str) -> dict[str, Any]:
    oid = hashlib.sha1(FILES[name]).hexdigest()
    return {"type": "file", "oid": oid, "size": len(FILES[name]), "path": name}


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetch(
    folder: Path, url: str, *options: str, said: str = ""
) -> subprocess.CompletedProcess[str]:
    """Fetch LongText-Bench in a process of its own: the hub's address is read with its package."""
    env = {
        **os.environ, "HF_ENDPOINT": url, "HF_HOME": str(folder / "hf"), "HF_HUB_ETAG_TIMEOUT": "2",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    env.pop("HF_HUB_OFFLINE", None)
    call = ("eval", "data", "longtext_en", "--fetch", "--data-dir", str(folder / "data"))
    return subprocess.run(
        [sys.executable, "-m", "gems_graph.cli", *call, *options], env=env, input=said, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def test_it_asks_fetches_what_is_needed_and_no_more(hub: Hub, tmp_path: Path) -> None:
    refused = fetch(tmp_path, hub.url, said="n\n")
    assert (refused.returncode, hub.served) == (1, [])
    assert "licence Apache-2.0: fetch it into" in refused.stderr
    fetched = fetch(tmp_path, hub.url, "--json", said="y\n")
    assert fetched.returncode == 0, fetched.stderr
    assert json.loads(fetched.stdout)[0]["prompts"] == 1
    assert sorted(hub.served) == ["README.md", "text_prompts.jsonl"]
    assert fetch(tmp_path, hub.url, "--yes").returncode == 0
    assert len(hub.served) == 2  # nothing is fetched twice


def test_what_was_cut_off_goes_on_and_a_hub_that_is_away_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.failing = {"text_prompts.jsonl"}
    cut = fetch(tmp_path, hub.url, "--yes")
    assert cut.returncode == 2, cut.stderr
    [sentence] = cut.stderr.strip().splitlines()[-1:]
    assert sentence.startswith(f"gems: Cannot fetch {REPO} from the hub (")
    assert "500" in sentence
    assert "goes on where it stopped" in sentence
    hub.failing, hub.served = set(), []
    nowhere = "http://127.0.0.1:9"
    away = fetch(tmp_path, nowhere, "--yes")  # the folder holds something, but not the data
    assert (away.returncode, "Cannot fetch" in away.stderr) == (2, True), away.stderr
    assert "Traceback" not in away.stderr
    assert fetch(tmp_path, hub.url, "--yes").returncode == 0
    assert hub.served.count("text_prompts.jsonl") == 1
