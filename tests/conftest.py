"""Shared by all tests: a clean environment, and a loop made of public test doubles."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gems_graph import Store, build_graph, cli
from gems_graph.batch.summary import Record
from gems_graph.events import RunStarted
from gems_graph.graph import Graph
from gems_graph.testing import Painter, ScriptedChat


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GEMS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GEMS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # a checkout may have skills of its own
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


class Said(NamedTuple):
    """How a command of `gems` ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        return json.loads(self.out)


Gems = Callable[..., Said]


@pytest.fixture
def gems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Gems:
    """Run the command line in this process, in a folder of its own, nobody at its terminal."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["gems", *arguments])
        with pytest.raises(SystemExit) as exited:
            cli.main()
        captured = capsys.readouterr()
        return Said(int(exited.value.code or 0), captured.out, captured.err)

    return run


class Loop:
    """A graph with its doubles at hand."""

    def __init__(self, store: Store, script: dict[str, Any], **build: Any) -> None:
        self.chat = ScriptedChat(script=script)
        self.painter = build.pop("generator", None) or Painter()
        self.store = store
        build = {"seed": 1, "retry_wait": 0, **build}
        self.graph: Graph = build_graph(
            mllm=self.chat, generator=self.painter, store=store, **build
        )

    def run(self, prompt: str = "a cat", **given: Any) -> Any:
        return self.graph.invoke({"prompt": prompt, **given})


@pytest.fixture
def loop(store: Store) -> Iterator[Callable[..., Loop]]:
    def make(script: dict[str, Any] | None = None, **build: Any) -> Loop:
        return Loop(store, script or {}, **build)

    return make


def verdicts(*rounds: str) -> Callable[[str], dict[str, str]]:
    """Script a Verifier: one string per round, one letter per criterion (y, n, u).

    Probes of a round come in any order, so each is told by its question: `Is there A?` is the
    first criterion, `B` the second; rounds are counted per question.
    """
    words = {"y": "yes", "n": "no", "u": "unsure"}
    turns: dict[str, int] = {}

    def answer(prompt: str) -> dict[str, str]:
        question = prompt.rpartition("<criterion>")[2].split("</criterion>")[0].strip()
        letter = question.removesuffix("?")[-1]
        turn = turns.get(letter, 0)
        turns[letter] = turn + 1
        planned = rounds[min(turn, len(rounds) - 1)]
        return {"evidence": f"{letter} seen", "answer": words[planned["ABCDEFGH".index(letter)]]}

    return answer


def criteria(count: int) -> dict[str, list[str]]:
    """Script a Decomposer with questions that `verdicts` knows."""
    return {"criteria": [f"Is there {letter}?" for letter in "ABCDEFGH"[:count]]}


def ended(id_: str, **about: Any) -> Record:
    """Return the record of a prompt in a batch."""
    told = {
        "id": id_, "thread": f"t-{id_}", "prompt": "p", "status": "passed", "rounds": 1,
        "passed": 2, "total": 2, "cost": 0.5, "seconds": 1.0, "folder": id_, "skipped": False,
        "error": None,
    }  # fmt: skip
    return Record(**{**told, **about})  # type: ignore[typeddict-item]


def started(**about: Any) -> RunStarted:
    """Return the first event of a run."""
    told: RunStarted = {
        "type": "run_started", "thread": "t", "strategy": "gems", "prompt": "p", "criteria": [],
        "rounds": [], "used": {},
    }  # fmt: skip
    return {**told, **about}  # type: ignore[typeddict-item]
