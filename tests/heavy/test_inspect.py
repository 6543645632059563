"""Our strategies under inspect-ai: the solver draws, the scorer measures."""

from __future__ import annotations

from pathlib import Path

import pytest

inspect_ai = pytest.importorskip("inspect_ai", reason="the extra `inspect`")
pytestmark = pytest.mark.heavy


def test_shapes_under_inspect(tmp_path: Path) -> None:
    from gems_graph.benchmarks.inspecting import PICTURE, benchmark

    task = benchmark(name="shapes", strategy="original", limit=2)
    [log] = inspect_ai.eval(task, model="mockllm/model", log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    assert [sample.id for sample in log.samples] == ["00000", "00001"]
    assert all(0 <= s.scores["benchmark_score"].value <= 100 for s in log.samples)
    assert all(Path(sample.store[PICTURE]).is_file() for sample in log.samples)
    said = [str(sample.target) + str(sample.metadata) for sample in log.samples]
    assert said == ["{}", "{}"]  # no answers
