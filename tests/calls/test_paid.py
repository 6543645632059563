"""One paid call, whoever is called: the same caps, replay, retry, refund and time-out for all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, paths
from gems_graph.calls.budget import Place
from gems_graph.calls.ledger import Usage
from gems_graph.errors import BudgetError, GemsError, GeneratorError, ModelError
from gems_graph.models import wrap
from gems_graph.models.answers import Form
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import settle
from gems_graph.testing import ChatServer, Fault, Hang, ImageServer, Painter, ScriptedChat


class Judgement(Form):
    evidence: str = ""
    answer: str


class Paying:
    """Makes one kind of call over real HTTP, each time as a node of its own."""

    role: str
    cap: str
    timeout: str
    failure: type[GemsError]

    def __init__(self, folder: Path, url: str, server: Any) -> None:
        self.folder, self.url, self.server = folder, url, server
        (folder / "probe.md").write_text("<task>verify</task> Is it {{ colour }}?")

    def __call__(self, *, n: int = 1, branch: str = "", kept: bool = True, **dials: Any) -> Usage:
        dials = {"retry_wait": 0, "prompts": str(self.folder), **self.names, **dials}
        place = Place("a trajectory", n, kept)
        toolbox = Toolbox(settle(dials), Store(self.folder / "images"), place=place)
        BACKGROUND.run(lambda: self.make(toolbox, branch))  # where clients live
        return toolbox.ledger[self.role]

    @property
    def requests(self) -> int:
        return len(self.server.requests)


class Asking(Paying):
    role, cap, timeout, failure = "verifier", "max_calls", "call_timeout", ModelError

    @property
    def names(self) -> dict[str, Any]:
        return {"mllm": "compat:m", "mllm_url": self.url, "structured": "plain"}

    async def make(self, toolbox: Toolbox, branch: str) -> None:
        await toolbox.ask("verifier", "probe", Judgement, colour="red", branch=branch)


class Drawing(Paying):
    role, cap, timeout, failure = "generator", "max_images", "image_timeout", GeneratorError

    @property
    def names(self) -> dict[str, Any]:
        return {"generator": f"http:{self.url}"}

    async def make(self, toolbox: Toolbox, branch: str) -> None:
        await toolbox.generate("a red door", 7, branch=branch)


KINDS = pytest.mark.parametrize("kind", [Asking, Drawing])


@contextmanager
def paying(kind: type[Paying], folder: Path, *answers: Any) -> Iterator[Any]:
    """Serve answers in turn, the last for ever; None is a good one."""
    good = {"evidence": "-", "answer": "yes"}
    script = {"verify": [good if each is None else each for each in answers]}
    server: Any = ChatServer(script) if kind is Asking else ImageServer(answers)
    with server:
        yield kind(folder, server.url, server)


def statuses() -> list[str]:
    with sqlite3.connect(paths.journal()) as db:
        return [row[0] for row in db.execute("SELECT status FROM spending ORDER BY id")]


@KINDS
def test_the_same_call_is_paid_once_and_told_the_same(kind: type[Paying], tmp_path: Path) -> None:
    with paying(kind, tmp_path, None) as call:
        assert call() == call()
        assert call.requests == 1
    assert statuses() == ["settled"]


@KINDS
@pytest.mark.parametrize("other", [{"n": 2}, {"branch": "b"}, {"kept": False}])
def test_another_round_or_branch_is_another_call(
    kind: type[Paying], other: dict[str, Any], tmp_path: Path
) -> None:
    with paying(kind, tmp_path, None) as call:
        call()
        call(**other)
        assert call.requests == 2
        call(branch="b", n=2)
        call(branch="b", n=2)
        assert call.requests == 3


@KINDS
def test_a_passing_failure_is_repeated_counted_and_refunded(
    kind: type[Paying], tmp_path: Path
) -> None:
    with paying(kind, tmp_path, Fault(429), None) as call:
        usage = call(**{kind.cap: 1})  # refused with a status: surely unpaid
        assert (usage["retries"], call.requests) == (1, 2)
    assert statuses() == ["refunded", "settled"]


@KINDS
@pytest.mark.parametrize("status", [0, 408, 500, 502, 503, 504, 524])
def test_what_may_have_been_paid_stays_counted(
    kind: type[Paying], status: int, tmp_path: Path
) -> None:
    with paying(kind, tmp_path, Fault(status), None) as call:
        failure = f"HTTP {status}" if status else "cannot be reached"
        with pytest.raises(BudgetError, match=rf"1 of 1.*may have been paid.*{failure}"):
            call(**{kind.cap: 1})
        assert call.requests == 1
    assert statuses() == ["reserved"]


@KINDS
def test_a_cap_refuses_the_next_call_and_not_a_replay(kind: type[Paying], tmp_path: Path) -> None:
    with paying(kind, tmp_path, None) as call:
        call(**{kind.cap: 1})
        call(**{kind.cap: 1})
        with pytest.raises(BudgetError):
            call(n=2, **{kind.cap: 1})
        assert call.requests == 1


@KINDS
def test_a_time_out_ends_one_try(kind: type[Paying], tmp_path: Path) -> None:
    with paying(kind, tmp_path, Hang(), None) as call:
        with pytest.raises(kind.failure, match=r"no answer within 0\.3 s"):
            call(retries=0, **{kind.timeout: 0.3})
        assert call(**{kind.timeout: 60})["retries"] == 0
        assert call.requests == 2
    assert statuses() == ["reserved", "settled"]


@KINDS
def test_a_lasting_failure_is_not_repeated(kind: type[Paying], tmp_path: Path) -> None:
    with paying(kind, tmp_path, Fault(401), None) as call:
        with pytest.raises(kind.failure, match="HTTP 401"):
            call()
        assert call.requests == 1


def test_a_picture_that_the_store_has_lost_is_drawn_again(tmp_path: Path) -> None:
    with paying(Drawing, tmp_path, None) as call:
        call()
        [file] = [f for f in (tmp_path / "images").rglob("*") if f.is_file() and len(f.name) == 64]
        file.unlink()
        call(max_images=2)
        assert call.requests == 2
        assert file.exists()


def test_keys_are_those_of_earlier_releases(tmp_path: Path) -> None:
    """Computed before the paid call was one function: trajectories begun then find their calls."""
    (tmp_path / "probe.md").write_text("<task>verify</task> Is it {{ colour }}?")
    dials = {"prompts": str(tmp_path), "mllm": "compat:m", "temperature": 0.5, "size": "64x64"}

    async def run() -> None:
        toolbox = Toolbox(
            settle({**dials, "structured": "plain"}), Store(tmp_path / "images"),
            place=Place("a trajectory", 3, True), models={"default": wrap(ScriptedChat())},
            generator=Painter(),
        )  # fmt: skip
        await toolbox.ask("verifier", "probe", Judgement, colour="réd")
        await toolbox.generate("a réd door", 7)

    BACKGROUND.run(run)
    with sqlite3.connect(paths.journal()) as db:
        keys = [row[0] for row in db.execute("SELECT key FROM spending ORDER BY id")]
    assert keys == [
        "d5d6ffd3183864042412af91b4b461ffdb4141a91920fec496795ff4100ae1ea",
        "613c3244330f1f4468269ce1a59ec5c97572433678c22bdbd932d8edc616650b",
    ]
