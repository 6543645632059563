"""Several processes share one SQLite file."""

from __future__ import annotations

from pathlib import Path

from tests.many import share


def test_eight_processes_share_one_sqlite_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    share(home, str(home / "trajectories.sqlite"), processes=8, trajectories=24)
