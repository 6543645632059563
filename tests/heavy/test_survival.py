"""What `make test` does in small, at full size, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash import survive
from tests.many import share

pytestmark = pytest.mark.heavy


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Return what makes a new database for a home."""
    if request.param == "sqlite":
        return lambda home: str(home / "trajectories.sqlite")
    make = request.getfixturevalue("new_postgres")
    return lambda home: str(make())


def test_two_hundred_kills_cost_nothing_and_change_nothing(
    tmp_path: Path, database: Callable[[Path], str]
) -> None:
    def lane(seed: int) -> int:
        home = tmp_path / f"lane-{seed}"
        return survive(home, database(home), kills=100, seed=seed)

    with ThreadPoolExecutor(2) as lanes:
        assert sum(lanes.map(lane, (7, 8))) >= 150


def test_many_processes_share_one_database(tmp_path: Path, database: Callable[[Path], str]) -> None:
    home = tmp_path / "home"
    url = database(home)
    share(home, url, processes=64 if "://" in url else 8, trajectories=500)
