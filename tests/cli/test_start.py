"""What a fresh process has imported by the time that a user waits for: counted, not timed."""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gems_graph.cli.loading import loading
from gems_graph.testing import ChatServer, ImageServer

GEMS = """
import atexit, gc, json, os, sys

def keep(*event):
    if not event or event[0] == "socket.connect":
        if not os.path.exists(os.environ["MODULES"]):
            with open(os.environ["MODULES"], "w") as file:
                json.dump([list(sys.modules), gc.isenabled()], file)

sys.addaudithook(keep)
atexit.register(keep)
from gems_graph.cli import main
main()
"""
"""Runs `gems`, and writes which modules are there when it first connects, or else at its end."""
PROVIDERS = {"openai", "langchain_openai", "langchain_anthropic", "langchain", "tiktoken"}
HEAVY = {"torch", "diffusers", "scipy", "transformers"}
DRAWING = {"numpy", "gems_graph.report.strip", "gems_graph.report.band", "gems_graph.mini.net"}
FRAMEWORK = {"langgraph", "langchain_core", "langsmith", "httpx2", "requests"}


def modules(code: str, *arguments: str, folder: Path) -> set[str]:
    """The modules that have run in a fresh process, when it connects first or else ends."""
    file = folder / "modules.json"
    env = {**os.environ, "MODULES": str(file)}
    command = [sys.executable, "-c", code, *arguments]
    subprocess.run(command, env=env, cwd=folder, check=True, capture_output=True, timeout=120)
    ran, collecting = json.loads(file.read_text())
    assert collecting  # garbage is collected again, whatever was imported
    return set(ran)


def test_the_package_itself_imports_nothing_of_others(tmp_path: Path) -> None:
    code = f"import gems_graph\n{GEMS.partition('from gems_graph')[0]}"
    ran = modules(code, folder=tmp_path)
    assert {name for name in ran if name.startswith("gems_graph")} == {"gems_graph"}
    assert ran & (PROVIDERS | HEAVY | DRAWING | FRAMEWORK | {"pydantic", "typer", "PIL"}) == set()


@pytest.mark.parametrize(
    "command", ["--help", "run --help", "eval verifier --help", "settings", "--version"]
)
def test_help_needs_no_framework(tmp_path: Path, command: str) -> None:
    ran = modules(GEMS, *command.split(), folder=tmp_path)
    assert "gems_graph.cli.run" in ran
    assert ran & (PROVIDERS | HEAVY | DRAWING | FRAMEWORK | {"jinja2", "PIL"}) == set()


def test_history_needs_no_graph_and_no_models_and_draws_nothing(tmp_path: Path) -> None:
    ran = modules(GEMS, "history", folder=tmp_path)
    assert "gems_graph.persistence.history" in ran
    graph = {"langgraph.graph", "langgraph.pregel", "langsmith", "httpx2", "gems_graph.graph"}
    assert ran & (PROVIDERS | HEAVY | DRAWING | graph) == set()


def test_the_first_call_waits_for_no_provider_and_no_drawing(tmp_path: Path) -> None:
    with ChatServer() as chat, ImageServer() as images:
        options = {"--mllm": "compat:m", "--mllm-url": chat.url, "--generator": images.url}
        pairs = [word for option in options.items() for word in option]
        ran = modules(GEMS, "run", "a cat", *pairs, folder=tmp_path)
    assert {request["kind"] for request in chat.requests} >= {"select-skills", "decompose"}
    assert "langgraph.pregel" in ran
    assert ran & (PROVIDERS | HEAVY | DRAWING) == set()


AHEAD = """
import sys, threading
from gems_graph.cli.terminal.ahead import AT_THE_END, loading_ahead
taken = []
take = loading_ahead(taken.append)
take({"type": "node_started", "node": "planner"})
assert AT_THE_END not in sys.modules
take({"type": "round_started", "round": 1})
[thread.join() for thread in threading.enumerate() if thread.daemon]
assert AT_THE_END in sys.modules
print(len(taken))
"""


def test_what_draws_the_strip_is_imported_while_a_picture_is_drawn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", AHEAD]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2"


def test_garbage_is_collected_again_even_after_a_failed_import() -> None:
    assert gc.isenabled()
    with pytest.raises(ModuleNotFoundError):
        _import_nothing()
    assert gc.isenabled()


def _import_nothing() -> None:
    with loading():
        assert not gc.isenabled()
        importlib.import_module("gems_graph.no_such_module")
