"""Find what ships with the package, installed or in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_dir

_PACKAGE = Path(__file__).parent


def data_folder(name: str) -> Path:
    """Return the folder of packaged `prompts` or `skills`.

    A wheel carries them under `gems_graph/_data`; in a checkout (and an editable install)
    they are the top-level folders themselves.
    """
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def home() -> Path:
    """Return the folder of pictures and trajectories: `GEMS_HOME`, or the user's data folder."""
    return Path(os.environ.get("GEMS_HOME") or user_data_dir("gems-graph"))
