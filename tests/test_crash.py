"""SIGKILL at any moment: the run is taken up again, and nothing is paid twice."""

from __future__ import annotations

from pathlib import Path

from tests.crash import survive


def test_a_dozen_kills_cost_nothing_and_change_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert survive(home, str(home / "trajectories.sqlite"), kills=12, seed=5) >= 9
