"""A benchmark of another package is found, drawn, judged and scored as ours are."""

from __future__ import annotations

from pathlib import Path

import pytest

from gems_graph.benchmarks.listing import names
from tests.conftest import Gems
from tests.installed import install


def test_a_benchmark_of_another_package(
    gems: Gems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    install(folder, monkeypatch, "benchmarks.tasks", "two-colors = two_colors:TASK")
    assert "two-colors" in names()
    run = gems("eval", "run", "two-colors", "--strategy", "original", "--out", "o", "--quiet")
    assert run.code == 3, run.err  # nobody judged it on the way
    report = gems("eval", "judge", "o", "--json").json
    assert (report["route"], report["complete"]) == ("pixels", True)
    assert 0 < report["score"] < 100
    listed = gems("eval", "data", "two-colors", "--json").json
    assert listed[0]["prompts"] == 2
