"""Where packaged files, pictures, trajectories, locks and the journal lie."""

from __future__ import annotations

import os
from contextlib import suppress
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


def make_private(folder: Path) -> None:
    """Make a folder, and those it lies in, for this user alone: prompts are private.

    Raises:
        OSError: it cannot be made.
    """
    for each in reversed([folder, *folder.parents]):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def make_private_file(file: Path) -> None:
    """Make a file where it is missing, for this user alone; one that is there keeps its mode.

    Raises:
        OSError: it cannot be made.
    """
    make_private(file.parent)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def images() -> str:
    """Return where pictures lie: `GEMS_IMAGES`, a folder or an fsspec URL, or under `home`."""
    return os.environ.get("GEMS_IMAGES") or str(home() / "images")


def database() -> str:
    """Return where trajectories are kept: `GEMS_DATABASE`, or a SQLite file under `home`.

    That is the path of a SQLite file, `postgresql://...`, or `:memory:`.
    """
    url = os.environ.get("GEMS_DATABASE") or str(home() / "trajectories.sqlite")
    return url.removeprefix("sqlite:///")


def locks(trajectories: str | None = None) -> Path:
    """Return the folder of lock files: beside a SQLite file of trajectories, or under `home`."""
    beside = trajectories and trajectories != ":memory:" and "://" not in trajectories
    return (Path(trajectories).resolve().parent if trajectories and beside else home()) / "locks"


def journal(trajectories: str | None = None) -> str:
    """Return where paid calls are journaled: beside the trajectories (default: `database`)."""
    trajectories = trajectories or database()
    if trajectories == ":memory:" or "://" in trajectories:
        return trajectories
    return str(Path(trajectories).with_name("journal.sqlite"))
