"""Write folders of a batch: each appears whole or not at all, and replaces only its own."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.report import folder as folders
from gems_graph.report.folder import record_in
from gems_graph.state import State

_PART, _OLD = ".part-", ".old-"
_MOVING = threading.Lock()
_NUMBERS = itertools.count()


def write(
    requested_folder: Path,
    state: State,
    store: Store,
    about: Mapping[str, Any],
    contents: folders.Contents = "strip",
) -> tuple[Path, dict[str, Any]]:
    """Write the folder of a trajectory, replacing what it left there before.

    Where something else lies, it goes to `requested_folder-2`, `-3`, and so on.

    Returns:
        The folder, and the record in it.

    Raises:
        StoreError: it cannot be written, or a picture is missing.
    """
    part = requested_folder.with_name(f"{_PART}{next(_NUMBERS)}")
    try:
        record = folders.write(part, state, store, about, contents)
        with _MOVING:
            return _move(part, requested_folder, about["thread"]), record
    except OSError as error:
        raise _store_error(requested_folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def tidy(base: Path) -> None:
    """Remove what a killed process left half-done; only where no other works here.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        for old in base.glob(f"{_OLD}*"):
            folder = base / old.name.removeprefix(_OLD)
            if not folder.exists():
                old.rename(folder)
        for part in [*base.glob(f"{_PART}*"), *base.glob(f"{_OLD}*")]:
            shutil.rmtree(part) if part.is_dir() else part.unlink()
    except OSError as error:
        raise _store_error(base, error) from error


def _move(part: Path, requested_folder: Path, thread: str) -> Path:
    for folder in _candidates(requested_folder):
        if not folder.exists():
            return part.rename(folder)
        if record_in(folder).get("thread") == thread:
            old = folder.rename(folder.with_name(f"{_OLD}{folder.name}"))
            part.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
            return folder
    raise AssertionError  # there is always another place


def _candidates(requested_folder: Path) -> Iterator[Path]:
    yield requested_folder
    number = 2
    while True:
        yield requested_folder.with_name(f"{requested_folder.name}-{number}")
        number += 1


def _store_error(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"Cannot write to {folder} ({error.strerror}); name another with --out.")
