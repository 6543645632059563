"""docs/architecture.md says what the code says: the ways of two calls, and the rooms."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import criteria
from tools import rooms

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
HOP = re.compile(r"^\d+\. `([\w/.]+:[\w.]+)`(?: \((.*)\))?$", re.MULTILINE)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Which of our functions called which in one `gems run` over HTTP."""
    folder = tmp_path_factory.mktemp("traced")
    env = {**os.environ, "GEMS_HOME": str(folder / "home"), "LANGSMITH_TRACING": "false"}
    with ChatServer({"decompose": criteria(1)}) as chat, ImageServer() as images:
        options = ["--mllm", "compat:m", "--mllm-url", chat.url, "--generator", images.url]
        trace = [sys.executable, "-m", "tests.paths", str(folder / "trace.json")]
        command = [*trace, "run", "a cat", *options, "--out", str(folder / "out"), "--quiet"]
        subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, timeout=120)
    found: dict[str, Any] = json.loads((folder / "trace.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("heading", "first", "last", "most"),
    [
        ("The way of a verdict", "verifier", "_verdict", 15),
        ("The way to the first picture", "main", "Folder._write", 20),
    ],
)
def test_the_way_is_as_drawn_and_short(
    traced: dict[str, Any], heading: str, first: str, last: str, most: int
) -> None:
    hops = HOP.findall(TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0])
    names = [name for name, _ in hops]
    assert (names[0].partition(":")[2], names[-1].partition(":")[2]) == (first, last)
    assert len(hops) <= most
    assert set(names) & {*traced["posts"]}
    pairs = {(caller, called) for caller, called in traced["pairs"]}
    for k, (name, note) in enumerate(hops[1:], start=1):
        if "new task" in note:
            caller = ""
        elif other := re.match(r"called by `([\w.]+)`", note):
            caller = next(each for each in reversed(names[:k]) if each.endswith(f":{other[1]}"))
        else:
            caller = names[k - 1]
        assert (caller, name) in pairs, (heading, name)


def test_the_picture_of_the_rooms_is_what_the_code_says() -> None:
    layers = rooms.rows()
    picture = rooms.drawn(layers, rooms.arrows([room for row in layers for room in row]))
    assert rooms.PICTURE.read_text(encoding="utf-8") == picture, "python -m tools.rooms"
