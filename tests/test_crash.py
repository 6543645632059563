"""SIGKILL at any moment: the run is taken up again, and nothing is paid twice."""

from __future__ import annotations

from pathlib import Path

from tests.crash import survive


def test_a_dozen_kills_cost_nothing_and_change_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert survive(home, str(home / "trajectories.sqlite"), kills=12, seed=5) >= 9


def test_nor_do_they_where_several_pictures_are_drawn_side_by_side(tmp_path: Path) -> None:
    home = tmp_path / "home"
    database = str(home / "trajectories.sqlite")
    assert survive(home, database, kills=8, seed=6, variations=3) >= 6
