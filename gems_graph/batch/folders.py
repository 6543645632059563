"""Folders of a batch: each appears whole or not at all, and none takes another's place."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gems_graph.batch.plan import record_in
from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.report import folder as folders
from gems_graph.state import State

_PART, _OLD = ".part-", ".old-"
_MOVING = threading.Lock()
_NUMBERS = itertools.count()


def write(
    wanted: Path, state: State, store: Store, about: Mapping[str, Any]
) -> tuple[Path, dict[str, Any]]:
    """Write the folder of a trajectory, in the place of what it left there before.

    Where something else lies, it goes to `wanted-2`, `wanted-3`, and so on.

    Returns:
        The folder, and the record in it.

    Raises:
        StoreError: it cannot be written, or a picture is missing.
    """
    part = wanted.with_name(f"{_PART}{next(_NUMBERS)}")
    try:
        record = folders.write(part, state, store, about)
        with _MOVING:
            return _move(part, wanted, about["thread"]), record
    except OSError as error:
        raise _trouble(wanted, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def tidy(base: Path) -> None:
    """Remove what a killed process left half-done; only where no other works here.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        for old in base.glob(f"{_OLD}*"):
            place = base / old.name.removeprefix(_OLD)
            if not place.exists():
                old.rename(place)
        for part in [*base.glob(f"{_PART}*"), *base.glob(f"{_OLD}*")]:
            shutil.rmtree(part) if part.is_dir() else part.unlink()
    except OSError as error:
        raise _trouble(base, error) from error


def _move(part: Path, wanted: Path, thread: str) -> Path:
    for place in _places(wanted):
        if not place.exists():
            return part.rename(place)
        if record_in(place).get("thread") == thread:
            old = place.rename(place.with_name(f"{_OLD}{place.name}"))
            part.rename(place)
            shutil.rmtree(old, ignore_errors=True)
            return place
    raise AssertionError  # there is always another place


def _places(wanted: Path) -> Iterator[Path]:
    yield wanted
    number = 2
    while True:
        yield wanted.with_name(f"{wanted.name}-{number}")
        number += 1


def _trouble(folder: Path, error: OSError) -> StoreError:
    return StoreError(f"Cannot write to {folder} ({error.strerror}); name another with --out.")
