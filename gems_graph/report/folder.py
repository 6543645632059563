"""The output folder of a run: the pictures, the strip and the whole record."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from gems_graph.errors import StoreError
from gems_graph.images import Store, needed_by
from gems_graph.images.normal import as_png, texts_of
from gems_graph.report.remembered import exported
from gems_graph.report.saving import attempts_of, chosen_attempt
from gems_graph.settings import settle
from gems_graph.settings.roles import JUDGE
from gems_graph.state import ImageRef, State
from gems_graph.strategies import strategy_of
from gems_graph.system.replacing import replace_file, sweep

_SUFFIX = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
Contents = Literal["picture", "rounds", "strip"]
"""What a folder holds beside the record: the chosen picture; also every round's; also
`rounds.png`, which takes longer to draw than all else to write."""
SCHEMA = 1
"""Version of `trajectory.json`; raised when a reader of an older one would misread it."""

_RECORDED = (
    "prompt", "trajectory", "skills", "criteria", "experiences", "notes", "timings", "ledger",
)  # fmt: skip
"""Channels of the state that a record holds as they are."""


def free_folder(requested: Path) -> Path:
    """Return the folder, or the first of `NAME-2`, `NAME-3`, ... that holds no run yet."""
    folder, number = requested, 1
    while (folder / "trajectory.json").exists():
        number += 1
        folder = requested.with_name(f"{requested.name}-{number}")
    return folder


def folder_with(requested: Path, state: State) -> Path | None:
    """Return the latest of a folder and `NAME-2`, `NAME-3`, ... that holds a run as it stands."""
    return folder_of_run(requested, state["trajectory"], len(state.get("rounds", [])))


def folder_of_run(requested: Path, trajectory: str, rounds: int) -> Path | None:
    """Return the latest of a folder and `NAME-2`, ... that holds so many rounds of a trajectory."""
    found, folder, number = None, requested, 1
    while (folder / "trajectory.json").exists():
        kept = record_in(folder)
        same = kept.get("trajectory") == trajectory
        if same and len(kept.get("rounds", [])) == rounds:
            found = folder
        number += 1
        folder = requested.with_name(f"{requested.name}-{number}")
    return found


def record_in(folder: Path) -> dict[str, Any]:
    """Return the record in a folder; an empty one where none can be read."""
    try:
        record = json.loads((folder / "trajectory.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write(
    folder: Path, state: State, store: Store, about: Mapping[str, Any],
    contents: Contents = "strip",
) -> dict[str, Any]:  # fmt: skip
    """Write `image.png`, `trajectory.json`, every round's picture and `rounds.png`.

    Args:
        folder: created where it is missing.
        state: of a run that drew at least one picture, with its result.
        store: holds the pictures.
        about: what else the record should say: thread, models.
        contents: what of it; the rest stays in the store.

    Returns:
        The record, as written to `trajectory.json`.

    Raises:
        StoreError: the folder cannot be written, or a picture is missing.
    """
    try:
        with needed_by(state.get("trajectory", ""), about.get("thread")):
            folder.mkdir(parents=True, exist_ok=True)
            sweep(folder)
            for n, attempt in ({} if contents == "picture" else attempts_of(state)).items():
                ref = attempt["image"]
                data = exported(store.read(ref["sha256"]), state, attempt, about)
                replace_file(folder / picture_name(n, ref), data)
            image = _chosen(state, store, fast=contents != "strip")
            data = exported(image, state, chosen_attempt(state), about)
            replace_file(folder / "image.png", data)
            whole = record(state, store, about)
            text = json.dumps(whole, ensure_ascii=False, indent=1)
            replace_file(folder / "trajectory.json", f"{text}\n".encode())
            if contents == "strip":
                data = exported(_strip(state, store), state, chosen_attempt(state), about)
                replace_file(folder / "rounds.png", data)
    except OSError as error:
        msg = (
            f"Cannot write to {folder} ({error.strerror}). The run itself is kept; free some "
            "space or name another folder with --out."
        )
        raise StoreError(msg) from error
    return whole


def _chosen(state: State, store: Store, *, fast: bool) -> bytes:
    """Return the chosen picture as PNG; as it lies in the store if time counts and it is one."""
    ref = state["result"]["image"]
    if fast and ref["media_type"] == "image/png":
        return store.read(ref["sha256"])
    image = store.open(ref)
    return as_png(image, texts=texts_of(image), fast=fast)


def _strip(state: State, store: Store) -> bytes:
    from gems_graph.report.strip import strip  # late: no call waits until it can draw

    return as_png(strip(state, store))


def record(state: State, store: Store, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run as plain JSON: reasoning in full, pictures by file name and hash."""
    rounds = [
        {
            **round_,
            "thought": store.thought(round_["thought"]),
            "file": picture_name(round_["n"], round_["image"]),
        }
        for round_ in state.get("rounds", [])
    ]
    return {
        "schema": SCHEMA,
        **about,
        **{channel: state.get(channel) for channel in _RECORDED},
        **{name: state[name] for name in ("failed", "references") if state.get(name)},
        "settings": state.get("settings", {}),
        "models": models(state),
        "rounds": rounds,
        "result": state["result"],
        "stop_reason": state["result"]["stop"].get("reason"),
        "versions": versions(),
    }


def models(state: State) -> dict[str, str]:
    """Return who played each role, and the generator, by the names in the settings; if known."""
    if not state.get("settings"):  # a graph gives out none
        return {}
    settings = settle(state.get("settings"))
    roles = (*strategy_of(state).all_roles, JUDGE)
    names: dict[str, str] = {role: settings.model_for(role).mllm or "" for role in roles}
    return {**names, "generator": settings.generator}


def versions() -> dict[str, str]:
    """Return the versions that a run depends on."""
    packages = ("gems-graph", "langgraph", "langchain-core", "langchain-openai", "pillow", "numpy")
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def picture_name(n: int, ref: ImageRef) -> str:
    """Return how the picture of a round is called in the folder of its run."""
    return f"round-{n}.{_SUFFIX[ref['media_type']]}"
