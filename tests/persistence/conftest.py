"""Checkpointers that tests of kept trajectories run on."""

from __future__ import annotations

import pytest

from gems_graph.calls.journal import Journal


@pytest.fixture(params=["sqlite", "memory"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep trajectories in a file, then in memory, with an empty journal."""
    if request.param == "memory":
        monkeypatch.setenv("GEMS_DATABASE", ":memory:")
        journal = Journal(":memory:")  # the process has one
        for trajectory in journal.trajectories().result():
            journal.forget(trajectory).result()
