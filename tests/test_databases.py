"""The few calls behind which SQLite and PostgreSQL stand, and what is told of their trouble."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from gems_graph import paths
from gems_graph.databases import Sqlite, in_brief, is_full, is_postgres, unusable
from gems_graph.persistence.savers import open_saver

posix = pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_what_is_committed_is_there_and_what_is_not_is_gone(tmp_path: Path) -> None:
    file = str(tmp_path / "deep" / "x.sqlite")
    db = Sqlite(file)
    db.execute("CREATE TABLE t(n INTEGER)")
    db.begin(["a scope"])
    db.execute("INSERT INTO t VALUES (?)", (1,))
    db.commit()
    db.begin([])
    db.execute("INSERT INTO t VALUES (?)", (2,))
    db.close()
    again = Sqlite(file)
    assert again.execute("SELECT n FROM t") == [(1,)]
    again.close()


def test_a_transaction_waits_for_the_one_before(tmp_path: Path) -> None:
    first, second = (Sqlite(str(tmp_path / "x.sqlite")) for _ in range(2))
    first.begin([])
    waiting = threading.Event()

    def wait() -> None:
        other = Sqlite(str(tmp_path / "x.sqlite"))
        waiting.set()
        other.begin([])
        rows.extend(other.execute("SELECT n FROM t"))
        other.close()

    rows: list[object] = []
    first.execute("CREATE TABLE t(n INTEGER)")
    worker = threading.Thread(target=wait)
    worker.start()
    waiting.wait()
    first.execute("INSERT INTO t VALUES (1)")
    first.commit()
    worker.join()
    assert rows == [(1,)]
    first.close()
    second.close()


@posix
def test_databases_are_for_this_user_alone_even_in_a_home_that_is_not(tmp_path: Path) -> None:
    paths.home().mkdir(mode=0o755)

    async def look() -> None:
        async with open_saver():
            db = Sqlite(paths.journal())
            db.execute("CREATE TABLE t(n INTEGER)")
            files = [*paths.home().iterdir()]
            assert len(files) >= 3  # with what SQLite keeps beside them
            assert {mode(file) for file in files} == {0o600}
            db.close()

    asyncio.run(look())


@posix
def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "shared.sqlite"
    sqlite3.connect(file).close()
    file.chmod(0o664)
    Sqlite(str(file)).close()
    assert mode(file) == 0o664


@pytest.mark.parametrize(
    ("url", "foreign"),
    [
        ("postgresql://h/d", True),
        ("postgres://h/d", True),
        ("x.sqlite", False),
        (":memory:", False),
    ],
)
def test_urls_tell_which_database_it_is(url: str, foreign: bool) -> None:
    assert is_postgres(url) == foreign


def test_trouble_is_told_in_a_line_without_passwords() -> None:
    error = RuntimeError('invalid port in "postgres://me:secret@host:x/db"\nmore of it')
    assert in_brief(error) == "invalid port in ..."
    told = unusable(error)
    assert "secret" not in str(told)
    assert "check that GEMS_DATABASE" in str(told)
    assert told.__cause__ is error
    assert is_full(RuntimeError("FATAL: sorry, too many clients already"))
    assert not is_full(error)
