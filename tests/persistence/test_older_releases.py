"""Trajectories that older releases wrote: they load, resume, and a newer one says why not.

`fixtures/release-VERSION.zip` is a `GEMS_HOME` with three threads, written by that release on the
offline models: `finished` after two rounds, `planned` and `interrupted` by processes that ended
before the first picture and after the first verdict, and `budget`, stopped by `max_images=1`.
From 0.2.0.dev0 on also `waiting`, at the pause after the first verdict, and `paid`, whose process
ended after the first picture was paid and before a checkpoint said so.
"""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gems_graph import paths
from gems_graph.cli.app import app
from gems_graph.errors import ConfigError
from gems_graph.persistence.threads import config_of, open_threads
from gems_graph.state import SCHEMA
from gems_graph.testing import ChatServer, ImageServer

RELEASES = sorted((Path(__file__).parents[1] / "fixtures").glob("release-*.zip"))


@pytest.fixture(params=RELEASES, ids=lambda file: file.stem)
def old_home(request: pytest.FixtureRequest) -> Path:
    home = paths.home()
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(home)
    return home


@pytest.fixture
def journaled_home(old_home: Path) -> Path:
    if old_home_is(old_home, "0.1.0"):
        pytest.skip("release 0.1.0 kept no artifacts and had no pauses")
    return old_home


def old_home_is(home: Path, version: str) -> bool:
    with sqlite3.connect(home / "journal.sqlite") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(spending)")]
    return ("artifact" not in columns) == (version == "0.1.0")


def gems(*arguments: str) -> int:
    return int(app(list(arguments), standalone_mode=False) or 0)


async def states(*names: str) -> list[Any]:
    async with open_threads() as threads:
        return [await threads.state(name) for name in names]


@pytest.mark.anyio
async def test_a_trajectory_of_every_release_loads(old_home: Path) -> None:
    finished, interrupted, budget = await states("finished", "interrupted", "budget")
    assert finished["result"]["success"]
    assert len(finished["rounds"]) == 2
    assert len(interrupted["rounds"]) == 1
    assert budget["result"]["stop"]["reason"] == "budget"


def test_a_finished_one_is_written_out_again(old_home: Path) -> None:
    assert gems("resume", "finished", "--out", "again", "--quiet") == 0
    assert (Path("again") / "round-2.png").is_file()


@pytest.fixture
def models() -> Iterator[tuple[str, ...]]:
    """The options that plug in models for today, as the old world has left the offline ones."""
    answers = {
        "decompose": {"criteria": ["Is it there?"]},
        "verify": {"evidence": "It is there.", "answer": "yes"},
        "refine": {"rationale": "Once more.", "prompt": "again"},
        "compress": {"experience": "Nothing helped."},
    }
    with ChatServer(answers) as chat, ImageServer() as images:
        plugged = ("mllm=compat:test", f"mllm_url={chat.url}", f"generator=http:{images.url}")
        yield tuple(part for setting in plugged for part in ("--set", setting))


@pytest.mark.parametrize("thread", ["planned", "interrupted"])
def test_one_that_must_draw_in_the_old_world_says_what_to_do(
    old_home: Path, thread: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gems("resume", thread, "--out", "on") in (1, 3)
    told = capsys.readouterr()
    said = " ".join((told.out + told.err).split())
    assert "stays readable" in said
    assert "plug in a real model" in said


@pytest.mark.parametrize("thread", ["planned", "interrupted"])
def test_an_interrupted_one_goes_on(old_home: Path, thread: str, models: tuple[str, ...]) -> None:
    assert gems("resume", thread, *models, "--out", "on", "--quiet") == 0
    record = json.loads((Path("on") / "trajectory.json").read_text())
    assert len(record["rounds"]) == (2 if thread == "interrupted" else 1)


def test_a_spent_one_goes_on_with_a_higher_cap_and_what_it_spent_still_counts(
    old_home: Path, models: tuple[str, ...]
) -> None:
    assert gems("resume", "budget", *models, "--set", "max_images=1", "--out", "a", "-q") == 3
    assert gems("resume", "budget", *models, "--set", "max_images=2", "--out", "b", "-q") == 0


def test_what_an_older_release_paid_is_not_paid_again(
    journaled_home: Path, models: tuple[str, ...]
) -> None:
    before = images_paid(journaled_home)
    gems("resume", "paid", "--out", "on", "--quiet")
    assert images_paid(journaled_home) == before


def images_paid(home: Path) -> int:
    with sqlite3.connect(home / "journal.sqlite") as db:
        return int(db.execute("SELECT sum(images) FROM spending").fetchone()[0])


def test_one_that_waits_is_answered(journaled_home: Path) -> None:
    assert gems("resume", "waiting", "--accept", "--out", "on", "--quiet") == 0


@pytest.mark.parametrize("thread", ["finished", "interrupted", "budget"])
def test_each_can_be_forked(old_home: Path, thread: str, models: tuple[str, ...]) -> None:
    fork = ("--round", "1", "--prompt", "a red fish", "--max-iterations", "2")
    assert gems("fork", thread, *fork, *models, "--out", "fork", "--quiet") == 0
    record = json.loads((Path("fork") / "trajectory.json").read_text())
    assert record["rounds"][1]["prompt"] == "a red fish"


def test_the_journal_of_an_old_release_gains_what_is_new(old_home: Path) -> None:
    if not old_home_is(old_home, "0.1.0"):
        pytest.skip("its journal had keys and artifacts")
    gems("resume", "interrupted", "--out", "on", "--quiet")
    with sqlite3.connect(old_home / "journal.sqlite") as db:
        old, new = (
            db.execute(f"SELECT count(*) FROM spending WHERE key IS {word} NULL").fetchone()[0]
            for word in ("", "NOT")
        )
    assert old > 0
    assert new > 0


@pytest.mark.anyio
async def test_a_trajectory_of_a_newer_release_says_so(old_home: Path) -> None:
    async with open_threads() as threads:
        graph = threads.graph()
        await graph.aupdate_state(config_of("finished"), {"schema": SCHEMA + 1}, as_node="begin")
        with pytest.raises(ConfigError, match=r"newer release.*pip install --upgrade"):
            await threads.state("finished")
        with pytest.raises(ConfigError):
            await graph.ainvoke(None, config_of("finished"))
