"""Shared by all tests: a clean environment, and a loop made of public test doubles."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from gems_graph import Store, build_graph, cli
from gems_graph.batch.summary import Record
from gems_graph.events import RunStarted
from gems_graph.graph import Graph
from gems_graph.testing import Painter, ScriptedChat, text_of


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


HARD = "three yellow ducks and a purple boat and three orange ducks and a green boat"
"""A prompt for `mini` that seed 1 draws right in its second round."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class CommandResult(NamedTuple):
    """How a command of `gems` ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed on stdout, read as JSON."""
        return json.loads(self.out)


Gems = Callable[..., CommandResult]


@pytest.fixture
def gems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Gems:
    """Run the command line in this process, in a folder of its own, nobody at its terminal."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["gems", *arguments])
        with pytest.raises(SystemExit) as exited:
            cli.main()
        captured = capsys.readouterr()
        return CommandResult(int(exited.value.code or 0), captured.out, captured.err)

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


def two_rounds() -> dict[str, Any]:
    """Script a loop whose second of two rounds passes both criteria."""
    return {"decompose": criteria(2), "verify": verdicts("yn", "yy")}


def letters(round_: Any) -> str:
    """Return the verdicts of a round by their first letters, as `verdicts` takes them."""
    return "".join(verdict["answer"][0] for verdict in round_["verdicts"])


def prompts_of(chat: ScriptedChat, task: str) -> list[str]:
    """Return the prompt of every call of a task, as text."""
    return [text_of(messages[0]) for messages in chat.asked(task)]


def console(*, terminal: bool, width: int = 80) -> Console:
    """Return a console that writes to a string."""
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, a minute at most."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended(id_: str, **about: Any) -> Record:
    """Return the record of a prompt in a batch."""
    fields = {
        "id": id_, "thread": f"t-{id_}", "prompt": "p", "status": "passed", "rounds": 1,
        "passed": 2, "total": 2, "cost": 0.5, "seconds": 1.0, "folder": id_, "skipped": False,
        "error": None, "data": {},
    }  # fmt: skip
    return Record(**{**fields, **about})  # type: ignore[typeddict-item]


def started(**about: Any) -> RunStarted:
    """Return the first event of a run."""
    fields: RunStarted = {
        "type": "run_started", "thread": "t", "strategy": "gems", "prompt": "p", "criteria": [],
        "rounds": [], "used": {},
    }  # fmt: skip
    return {**fields, **about}  # type: ignore[typeddict-item]
