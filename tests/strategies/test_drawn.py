"""The page on strategies draws their graphs as they are, and names all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gems_graph import build_graph, plugins
from gems_graph.strategies import open_strategy

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
SECTIONS = {text.partition("\n")[0]: text for text in re.split(r"^## ", PAGE, flags=re.MULTILINE)}


def edges(mermaid: str) -> set[tuple[str, ...]]:
    """Return who leads to whom, without the two ends and without what stands on the edges."""
    found = re.findall(r"^\s*(\w+) -.*-> +(\w+);", mermaid, re.MULTILINE)
    return {pair for pair in found if not any(name.startswith("__") for name in pair)}


@pytest.mark.parametrize("name", [n for n in plugins.names("strategies") if n != "gems"])
def test_the_page_draws_each_graph_as_it_is(name: str) -> None:
    drawn = re.findall(r"^```mermaid\n(.*?)^```", SECTIONS[name], re.DOTALL | re.MULTILINE)
    assert edges(drawn[0]) == edges(build_graph(strategy=name).get_graph().draw_mermaid())
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", plugins.names("strategies"))
def test_a_way_that_may_or_may_not_be_taken_has_a_name(name: str) -> None:
    graph = build_graph(strategy=name)
    drawn = graph.get_graph().edges
    assert [edge for edge in drawn if edge.conditional and not edge.data] == []
    asked = {edge.target for edge in drawn if edge.target.startswith("review_")}
    assert asked == {*open_strategy(name).pauses.values()}  # whoever asks nobody draws no pause
