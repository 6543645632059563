"""`gems ui` under 20 people: 200 runs, two at once; errors, waiting, and memory over time.

    python -m tools.bench_page [--people 20] [--runs 200]

Exits with 1 where a run failed, or memory grew by more than a tenth after the first quarter.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import httpx2

GROWTH = 1.1


class Meter:
    """Counts ended runs, and reads the server's memory after each."""

    def __init__(self, pid: int) -> None:
        self._status, self._lock = Path(f"/proc/{pid}/status"), Lock()
        self.megabytes: list[float] = []
        self.seconds: list[float] = []
        self.failed: list[str] = []

    def note(self, seconds: float, failed: str) -> None:
        with self._lock:
            found = re.search(r"VmRSS:\s+(\d+)", self._status.read_text())
            self.megabytes.append(int(found[1]) / 1024 if found else 0)
            self.seconds.append(seconds)
            if failed:
                self.failed.append(failed)


def person(url: str, runs: int, meter: Meter) -> None:
    """Draw so many pictures, one after the other, and watch each to its end."""
    with httpx2.Client(base_url=url, timeout=600) as browser:
        browser.get("/")
        for k in range(runs):
            began = time.monotonic()
            form = {"prompt": "a red fish", "seed": str(k), "max_iterations": "2"}
            answer = browser.post("/runs", data=form)
            place, failed = answer.headers.get("location", ""), answer.text
            if answer.status_code == 303:
                told = browser.get(f"{place}/events")
                shown = browser.get(place).text
                judged = re.search(r'class="pill (passed|best-effort)"', shown)
                failed = "" if told.status_code in (200, 204) and judged else shown
            meter.note(time.monotonic() - began, failed)


def main() -> int:
    """Serve, draw, and tell what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--runs", type=int, default=200)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "gems_graph.cli", "ui", "--port", "0", "--private"]
        env = {**os.environ, "GEMS_HOME": home, "LANGSMITH_TRACING": "false"}
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=env, cwd=home) as server:
            assert server.stderr
            found = re.search(rb"http://\S+", server.stderr.readline())
            assert found
            meter = Meter(server.pid)
            each = max(1, said.runs // said.people)
            with ThreadPoolExecutor(said.people) as people:
                for _ in range(said.people):
                    people.submit(person, found[0].decode(), each, meter)
            server.terminate()
    quarter = max(1, len(meter.megabytes) // 4)
    early, late = max(meter.megabytes[:quarter]), max(meter.megabytes[-quarter:])
    print(f"{len(meter.seconds)} runs by {said.people} people, {len(meter.failed)} failed")
    print(f"waited: median {statistics.median(meter.seconds):.1f} s, {max(meter.seconds):.1f} s")
    print(f"memory: {early:.0f} MB in the first quarter, {late:.0f} MB in the last")
    for failed in meter.failed[:3]:
        print(failed[:300])
    whole = len(meter.seconds) == each * said.people
    return int(bool(meter.failed) or not whole or late > GROWTH * early)


if __name__ == "__main__":
    sys.exit(main())
