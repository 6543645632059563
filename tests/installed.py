"""Install an example of docs/examples as a package of somebody else would be."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, room: str, entry: str) -> None:
    """Put an entry point and its module on the path, as long as a test lasts.

    Args:
        folder: an empty one.
        monkeypatch: undoes it.
        room: the group is `gems_graph.ROOM`.
        entry: `name = module:attribute`.
    """
    info = folder / "example-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[gems_graph.{room}]\n{entry}\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.syspath_prepend(str(EXAMPLES))


def install_side_by_side(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the second strategy."""
    install(folder, monkeypatch, "strategies", "side-by-side = side_by_side:STRATEGY")
