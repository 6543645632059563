"""The example of a generator in a package of its own: by its name, with its option, closed."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from gems_graph import Store, build_graph, plugins
from gems_graph.errors import ConfigError
from gems_graph.testing import ScriptedChat

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "generator.py"


def test_it_draws_and_takes_its_option(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    opener = runpy.run_path(str(EXAMPLE))["open_backend"]
    load = plugins.load
    monkeypatch.setattr(
        plugins,
        "load",
        lambda room, name, *how: opener if name == "paper" else load(room, name, *how),
    )
    graph = build_graph(mllm=ScriptedChat(), generator="paper:red", store=store)
    out = graph.invoke({"prompt": "p"}, context={"generator_options": {"sheets": 3}})  # type: ignore[arg-type]
    assert store.open(out["result"]["image"]).getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(ConfigError, match="it takes sheets"):
        graph.invoke({"prompt": "p"}, context={"generator_options": {"steps": 3}})  # type: ignore[arg-type]
