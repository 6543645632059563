"""Install the second strategy as a package of somebody else would be."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def install_side_by_side(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put its entry point on the path, as long as a test lasts."""
    info = folder / "side_by_side-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: side-by-side\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[gems_graph.strategies]\nside-by-side = side_by_side:STRATEGY\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.syspath_prepend(str(EXAMPLES))
