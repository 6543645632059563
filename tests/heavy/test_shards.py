"""One benchmark on two machines without a common folder: nothing lost, nothing drawn twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gems_graph.testing import Hang, ImageServer
from tests.conftest import wait_until

pytestmark = pytest.mark.heavy
PROMPTS = 6


def start(home: Path, part: str, database: str, painter: str) -> subprocess.Popen[str]:
    home.mkdir()
    env = {
        **os.environ, "GEMS_HOME": str(home), "GEMS_DATABASE": database,
        "GEMS_IMAGES": str(home.parent / "images"),
    }  # fmt: skip
    call = (
        "eval", "run", "crea", "--samples", "1", "--limit", str(PROMPTS), "--strategy", "original",
        "--generator", f"http:{painter}", "--out", "o", "--shard", part, "--concurrency", "1", "-q",
    )  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "gems_graph.cli", *call],
        env=env, cwd=home, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(home: Path) -> list[str]:
    file = home / "o" / "original" / "runs" / "summary.jsonl"
    if not file.exists():
        return []
    return [json.loads(line)["status"] for line in file.read_text("utf-8").splitlines()]


def test_what_a_killed_machine_leaves_is_drawn_by_the_other(tmp_path: Path, postgres: str) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with ImageServer([None, Hang()]) as images:
        first = start(one, "1/2", postgres, images.url)
        assert images.hanging.wait(120)  # one picture drawn, one under way
        second = start(two, "2/2", postgres, images.url)
        wait_until(lambda: len(ended(two)) == PROMPTS - 1)  # it waits for the last
        assert second.poll() is None
        first.send_signal(signal.SIGKILL)
        first.communicate()
        _, err = second.communicate(timeout=120)
        painted = Counter(request["prompt"] for request in images.requests)
    assert second.returncode == 3, err  # `original` judges nothing
    assert ended(two) == ["best effort"] * PROMPTS
    assert sorted(painted.values()) == [1] * (PROMPTS - 1) + [2]  # the one that was cut off
    laid = two / "o" / "original" / "pictures"
    assert len([*laid.glob("*.png")]) == PROMPTS
