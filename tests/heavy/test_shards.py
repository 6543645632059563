"""One benchmark on two machines without a common folder: nothing lost, nothing paid twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from gems_graph.testing import Hang, ImageServer
from tests.conftest import wait_until
from tools.bench_serving import twice, write_prompts
from tools.serving import Servers

pytestmark = pytest.mark.heavy
PROMPTS = 6


def start(home: Path, part: str, database: str, *call: str) -> subprocess.Popen[str]:
    """Begin one part of a benchmark on a machine of its own."""
    home.mkdir()
    env = {
        **os.environ, "GEMS_HOME": str(home), "GEMS_DATABASE": database,
        "GEMS_IMAGES": str(home.parent / "images"),
    }  # fmt: skip
    asked = ("eval", "run", *call, "--out", "o", "--shard", part, "-q")
    return subprocess.Popen(
        [sys.executable, "-m", "gems_graph.cli", *asked],
        env=env, cwd=home, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(home: Path, way: str = "original") -> list[str]:
    """Return how the trajectories ended that a machine has in its folder."""
    file = home / "o" / way / "runs" / "summary.jsonl"
    if not file.exists():
        return []
    return [json.loads(line)["status"] for line in file.read_text("utf-8").splitlines()]


def test_what_a_killed_machine_leaves_is_drawn_by_the_other(tmp_path: Path, postgres: str) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with ImageServer([None, Hang()]) as images:
        call = (
            "crea", "--samples", "1", "--limit", str(PROMPTS), "--strategy", "original",
            "--generator", f"http:{images.url}", "--concurrency", "1",
        )  # fmt: skip
        first = start(one, "1/2", postgres, *call)
        assert images.hanging.wait(120)  # one picture drawn, one under way
        second = start(two, "2/2", postgres, *call)
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


def test_of_the_calls_of_a_killed_machine_those_under_way_alone_are_paid_again(
    tmp_path: Path, postgres: str
) -> None:
    one, two, prompts = tmp_path / "one", tmp_path / "two", 16
    write_prompts(prompts, tmp_path, tmp_path / "data")
    with Servers((12, 0.1), (6, 0.2), side=64) as servers:
        call = (
            "geneval2", "--data-dir", str(tmp_path / "data"), "--strategy", "gems",
            "--mllm", "compat:served", "--mllm-url", servers.chat_url,
            "--generator", servers.image_url, "--concurrency", "3",
        )  # fmt: skip
        first, second = start(one, "1/2", postgres, *call), start(two, "2/2", postgres, *call)
        wait_until(lambda: len(ended(one, "gems")) >= 2 and len(ended(two, "gems")) >= 1)
        killed = time.monotonic()
        first.send_signal(signal.SIGKILL)
        first.communicate()
        _, err = second.communicate(timeout=300)
        told = servers.told()
    assert second.returncode in (0, 3), err
    assert {*ended(two, "gems")} <= {"passed", "best effort"}
    assert len(ended(two, "gems")) == prompts
    under_way, again, paid_twice = twice(told, killed)
    assert (under_way > 0, paid_twice) == (True, 0)
    assert again <= 3 * 6  # what three trajectories can have under way
    begun = [each.key for each in told.chat if each.kind == "decompose"]
    assert len({*begun}) == prompts
    assert len([*(two / "o" / "gems" / "pictures").glob("*.png")]) == prompts
