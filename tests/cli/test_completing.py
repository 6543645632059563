"""Completion by the shell: by name, from files alone, without heavy imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gems_graph.cli import completing
from tests.conftest import Gems

_COMPLETE = """
import sys
sys.argv[0] = "gems"
from gems_graph.cli import main
try:
    main()
finally:
    heavy = {"langgraph", "langchain_core", "numpy", "PIL", "httpx2", "bm25s"} & {*sys.modules}
    print("HEAVY", *heavy)
"""


def completed(line: str) -> list[str]:
    env = {
        **os.environ, "_GEMS_COMPLETE": "complete_bash", "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _COMPLETE], env=env, capture_output=True, text=True, timeout=60
    )
    *names, heavy = done.stdout.splitlines()
    assert heavy == "HEAVY", done.stderr
    return names


def test_names_are_completed_without_loading_anything_heavy(gems: Gems) -> None:
    assert gems("run", "a red fish", "--thread", "fish", "-q").code == 0
    assert completed("gems resume f") == ["fish"]
    assert completed("gems run --preset mem") == [
        "memory-feedback", "memory-images", "memory-thought", "memory-experience",
    ]  # fmt: skip
    assert completed("gems skills show spa") == ["spatial-intelligence"]


def test_every_kind_of_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert completing.strategies("") == sorted(completing.strategies(""))
    assert {"gems", "search", "maestro"} <= {*completing.strategies("")}
    assert completing.generators("min") == ["mini"]
    assert "comfyui" in completing.generators("")
    (tmp_path / "config/gems/skills/ours").mkdir(parents=True)
    (tmp_path / "config/gems/skills/ours/SKILL.md").write_text("---\nname: ours\n---\n")
    assert completing.skills("ou") == ["ours"]
    assert completing.threads("") == []  # there is no database yet
    (tmp_path / "home").mkdir()
    (tmp_path / "home/trajectories.sqlite").write_text("no database")
    assert completing.threads("") == []
    monkeypatch.setenv("GEMS_DATABASE", "postgresql://host/db")
    assert completing.threads("") == []


def test_the_completion_of_strategies_forgets_none() -> None:
    from gems_graph import plugins

    assert completing.strategies("") == plugins.names("strategies")


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_completion_can_be_installed(gems: Gems, option: str) -> None:
    assert option in gems("--help").out
