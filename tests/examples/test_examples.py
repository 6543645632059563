"""What docs/architecture.md names as examples: each runs, and the tables name what there is."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from gems_graph import build_graph, run
from gems_graph.errors import ConfigError
from tests.installed import EXAMPLES

ROOT = EXAMPLES.parents[1]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    names: list[str] = []

    def load(name: str) -> Any:
        names.append(name)
        return importlib.import_module(name)

    yield load
    for name in names:
        sys.modules.pop(name, None)


def test_the_benchmark_counts_what_is_right(example: Any) -> None:
    assert example("benchmark").share_right(seeds=(0,)) == 1.0


def test_the_page_shows_events_and_pictures(example: Any) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), example("page").Page)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert b"EventSource" in urlopen(url).read()
        events = urlopen(f"{url}/events?prompt={quote('a red fish')}").read().decode()
        assert '"type": "stopped"' in events
        [sha256, *_] = re.findall(r'"sha256": "([0-9a-f]{64})"', events)
        assert urlopen(f"{url}/picture/{sha256}").read().startswith(b"\x89PNG")
        refused = urlopen(f"{url}/events?prompt={quote('a Porsche')}").read().decode()
        assert '"type": "error"' in refused
    finally:
        server.shutdown()
        server.server_close()


def test_a_template_in_a_folder_of_ones_own_is_used(tmp_path: Path) -> None:
    (tmp_path / "decomposer.md").write_text("{{ nothing }}")
    with pytest.raises(ConfigError, match="decomposer"):
        build_graph(prompts=str(tmp_path)).invoke({"prompt": "a red fish"})


def test_a_skill_in_a_folder_of_ones_own_is_listed(tmp_path: Path) -> None:
    (tmp_path / "mood").mkdir()
    (tmp_path / "mood" / "SKILL.md").write_text("---\nname: mood\ndescription: d\n---\nBody\n")
    assert run("a red fish", skills=[tmp_path], seed=1).success


def test_the_tables_name_files_and_rooms_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((examples/[\w./]+)\)", text):
        assert (ROOT / "docs" / link).is_file(), link
    rooms = text.partition("## Rooms")[2].partition("## To add")[0]
    named = {name.strip("/") for name in re.findall(r"`([a-z_]+(?:/|\.py))`", rooms)}
    package = ROOT / "gems_graph"
    there = {p.name for p in package.iterdir() if not p.name.startswith("_")} - {"py.typed"}
    within = {"terminal", "html", "comparison"}  # rooms within rooms
    assert named - within == there
