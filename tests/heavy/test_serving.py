"""A small run of the benchmark of busy servers: killed half-way, nothing paid twice (20 s)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import bench_serving

pytestmark = pytest.mark.heavy


@pytest.mark.parametrize("door", ["eval", "prompts"])
def test_a_kill_costs_what_was_under_way_and_no_more(door: str, tmp_path: Path) -> None:
    options = bench_serving.arguments(
        ["--prompts", "12", "--concurrency", "6", "--side", "128", "--door", door,
         "--data-dir", str(tmp_path), "--chat-seconds", "0.2", "--image-seconds", "0.4"]
    )  # fmt: skip
    found = bench_serving.measure(options, tmp_path)
    names = set(bench_serving.missed(found)) - {"CPU a trajectory"}  # so few: mostly the start
    assert not names, found
    assert found["under_way"] > 0
