"""What `make test` does in small, at full size, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import survive
from tests.many import share

pytestmark = pytest.mark.heavy


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "home" / "trajectories.sqlite")
    return str(request.getfixturevalue("postgres"))


def test_two_hundred_kills_cost_nothing_and_change_nothing(tmp_path: Path, database: str) -> None:
    assert survive(tmp_path / "home", database, kills=200, seed=7) >= 150


def test_many_processes_share_one_database(tmp_path: Path, database: str) -> None:
    processes = 64 if "://" in database else 8
    share(tmp_path / "home", database, processes, trajectories=500)
