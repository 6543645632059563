"""Trajectories from files and folders: records as `gems run` writes them, one or many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from gems_graph.errors import ConfigError, StoreError, UsageError
from gems_graph.images import Store
from gems_graph.report.folder import models, versions
from gems_graph.report.html.views import Kept
from gems_graph.report.standing import STANDINGS, Standing
from gems_graph.state import State, Thought, check_readable

RECORD = "trajectory.json"
_MOST = 64_000_000  # bytes of one record


def records_at(place: Path) -> list[Path]:
    """Return the record that a file is, or all of those in a folder and the folders in it.

    In the order of the batch's summary, where there is one; else of their names.

    Raises:
        UsageError: there is none.
    """
    if place.is_file():
        return [place]
    if (place / RECORD).is_file():
        return [place / RECORD]
    found = [file for file in place.rglob(RECORD) if not _is_partial(file.relative_to(place))]
    if not found:
        msg = f"{place} holds no {RECORD}: name the folder of a run, or of a batch."
        raise UsageError(msg)
    order = _order(place)
    return sorted(found, key=lambda file: (order.get(file.parent.name, len(order)), _natural(file)))


def read(file: Path) -> Kept:
    """Return the trajectory of a record, with the folder that holds its pictures.

    Raises:
        UsageError: it is no record of a trajectory, or none that this release reads.
    """
    state = state_of(_json(file), str(file))
    name = file.parent.name if file.name == RECORD else file.stem
    word = _json_word(state)
    return Kept(state, str(state.get("thread") or name), word, file.parent)


def state_of(record: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return a record as a state: what is null left out, thoughts by reference as states have them.

    Raises:
        UsageError: it is no record of a trajectory, or none that this release reads.
    """
    state = {name: value for name, value in record.items() if value is not None}
    try:
        rounds = [{**each, "thought": _thought(each.get("thought"))} for each in state["rounds"]]
        state = {**state, "rounds": rounds}
        _check_shape(state)
        check_readable(cast(State, state))
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        msg = f"{where} is no record of a trajectory ({_first_line(error)}): name a {RECORD}."
        raise UsageError(msg) from error
    except ConfigError as error:
        msg = f"{where}: {error}"
        raise UsageError(msg) from error
    return state


def kept_of(
    state: Mapping[str, Any], store: Store, name: str = "", word: Standing | None = None
) -> Kept:
    """Return a state as reports take it, with its reasoning in full, its models, our versions."""
    about = {"models": models(cast(State, state)), "versions": versions()}
    return Kept({**state, **about}, name, word, None, full_thoughts(state, store))


def full_thoughts(state: Mapping[str, Any], store: Store) -> list[str]:
    """Return the reasoning of each round of a state; of a lost text its beginning, and why."""
    return [_full(round_["thought"], store) for round_ in state.get("rounds") or []]


def _full(thought: Thought, store: Store) -> str:
    try:
        return store.thought(thought)
    except StoreError as error:
        return f"{thought['text']}… ({error})"


def _json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MOST:
            msg = f"{file} is too large for a record: name a {RECORD}."
            raise UsageError(msg)
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        msg = f"Cannot read {file} ({_first_line(error)}): name a {RECORD}."
        raise UsageError(msg) from error
    return found if isinstance(found, dict) else {}


def _json_word(state: Mapping[str, Any]) -> Any:
    """Return how it stood, where the record says so (`gems show --json`)."""
    word = state.get("state")
    return word if word in STANDINGS else None


def _check_shape(state: Mapping[str, Any]) -> None:
    """Make sure that a record has the shape of a state, but for what only records have."""
    named = {name: state[name] for name in State.__annotations__ if name in state}
    rounds = [{k: v for k, v in each.items() if k != "file"} for each in state["rounds"]]
    _shape().validate_python({**named, "rounds": rounds})


@cache
def _shape() -> TypeAdapter[Any]:
    return TypeAdapter(State)


def _thought(thought: Any) -> Any:
    return {"text": thought or "", "sha256": None} if not isinstance(thought, dict) else thought


def _order(place: Path) -> dict[str, int]:
    """Return the place of each folder in the summary of a batch; nothing where there is none."""
    try:
        lines = (place / "summary.jsonl").read_text(encoding="utf-8").splitlines()
        folders = [Path(json.loads(line).get("folder") or "").name for line in lines]
    except (OSError, ValueError, AttributeError, TypeError):  # names order them as well
        return {}
    return {name: k for k, name in enumerate(folders)}


def _natural(file: Path) -> list[str]:
    """Return what puts `9` before `10`."""
    return [part.zfill(12) if part.isdigit() else part for part in file.parts]


def _is_partial(file: Path) -> bool:
    return any(part.startswith((".part-", ".old-")) for part in file.parts)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
