"""Checkpointers by URL, and those that a caller brings."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver

from gems_graph import Store, build_graph, paths
from gems_graph.errors import ConfigError
from gems_graph.persistence.savers import open_saver
from gems_graph.persistence.threads import config_of, open_threads
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import two_rounds

SCRIPT = two_rounds()


def graph(store: Store, saver: Any) -> Any:
    return build_graph(
        mllm=ScriptedChat(script=SCRIPT), generator=Painter(), store=store, checkpointer=saver
    )


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", ":memory:"])
def test_a_url_opens_a_saver_that_keeps_a_trajectory(
    form: str, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = form.format(tmp_path / "deep" / "runs.sqlite")
    monkeypatch.setenv("GEMS_DATABASE", url)

    async def run() -> Any:
        async with open_saver() as saver:
            out = await graph(store, saver).ainvoke({"prompt": "p"}, config_of("t"))
            kept = await graph(store, saver).aget_state(config_of("t"))
            return out, kept.values

    out, kept = asyncio.run(run())
    assert kept["result"] == out["result"]
    assert kept["schema"] == 1
    files = {file.name.partition("-")[0] for file in (tmp_path / "deep").glob("*")}
    assert files == (set() if url == ":memory:" else {"runs.sqlite", "journal.sqlite"})
    assert not (paths.home() / "journal.sqlite").exists()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_any_saver_object_will_do(kind: str, store: Store, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "own.sqlite", check_same_thread=False)
    saver = InMemorySaver() if kind == "memory" else SqliteSaver(db)
    compiled = graph(store, saver)
    out = compiled.invoke({"prompt": "p"}, config_of("t"), durability="sync")
    assert compiled.get_state(config_of("t")).values["result"] == out["result"]
    db.close()


def test_an_unknown_kind_of_database_names_the_known_ones() -> None:
    async def run() -> None:
        async with open_saver("mysql://user:secret@host/db"):
            pass

    with pytest.raises(ConfigError, match=r"'mysql'.*SQLite file.*postgresql.*:memory:") as raised:
        asyncio.run(run())
    assert "secret" not in str(raised.value)


def test_a_new_home_is_private() -> None:
    async def run() -> None:
        async with open_threads():
            pass

    asyncio.run(run())
    assert stat.S_IMODE(paths.home().stat().st_mode) == 0o700
