"""The example of a third-party node: it runs, asks by its own template and role, and is drawn."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from gems_graph.report.page import page
from gems_graph.strategies import Strategy
from gems_graph.testing import ChatServer, ImageServer, text_of
from tests.conftest import Gems, criteria, verdicts
from tests.installed import install

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "layout_planner.py"


@pytest.fixture
def strategy() -> Strategy:
    spec = importlib.util.spec_from_file_location("layout_planner", EXAMPLE)
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    found: Strategy = example.STRATEGY
    return found


def test_it_stands_between_the_planner_and_the_generator(loop: Any, strategy: Strategy) -> None:
    made = loop({"layout": {"places": ["the cat on the left"]}}, strategy=strategy)
    out = made.run("a cat")
    assert out["rounds"][0]["prompt"] == "a cat; the cat on the left"
    assert out["rounds"][0]["origin"] == "layout"
    assert made.painter.calls == [("a cat; the cat on the left", 1)]
    assert out["ledger"]["layouter"]["calls"] == 1
    [[message]] = made.chat.asked("layout")
    assert "<prompt>\na cat\n</prompt>" in text_of(message)


def test_gems_show_names_who_wrote_a_prompt(loop: Any, strategy: Strategy) -> None:
    made = loop({"layout": {"places": []}}, strategy=strategy)
    parts = page(made.run(), {})
    assert "by layout, seed 1" in "\n".join(part for part in parts if isinstance(part, str))


def test_the_command_line_runs_it_and_shows_its_context(
    gems: Gems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "strategies", "gems-with-layout = layout_planner:STRATEGY")
    script = {
        "decompose": criteria(1),
        "verify": verdicts("n", "y"),
        "layout": {"places": ["left"]},
    }
    with ChatServer(script) as chat, ImageServer() as images:
        result = gems(
            "run", "a cat", "--set", "strategy=gems-with-layout", "--show-context", "--mllm",
            "compat:m", "--mllm-url", chat.url, "--generator", images.url, "--thread", "t",
        )  # fmt: skip
    assert result.code == 0
    assert "--- refiner, attempt 1 ---" in result.err
    assert "a cat; left" in result.err
    assert gems("show", "t").code == 0


def test_whoever_watches_and_whoever_sees_the_graph_sees_it(loop: Any, strategy: Strategy) -> None:
    made = loop({"layout": {"places": []}}, strategy=strategy)
    events = list(made.graph.stream({"prompt": "a cat"}, stream_mode="custom"))
    assert "laying out" in [event.get("doing") for event in events]
    edges = {(edge.source, edge.target) for edge in made.graph.get_graph().edges}
    assert {("planner", "layout"), ("decomposer", "layout"), ("layout", "generator")} <= edges
    assert ("planner", "generator") not in edges


def test_it_is_one_file_of_at_most_sixty_lines() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 60
