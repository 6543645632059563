"""What a batch has to do: one task a prompt, and what its folder has already."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.batch.prompt_file import Entry
from gems_graph.errors import ConfigError, UsageError
from gems_graph.prompting.sanitize import file_name
from gems_graph.report.folder import record_in
from gems_graph.report.standing import goes_on, standing
from gems_graph.settings import Settings, settle

_ABOUT_CALLS = {
    *("preset", "mllm_url", "attempts", "retries", "retry_wait", "call_timeout", "image_timeout"),
    *("concurrency", "requests_per_minute", "raise_on_error", "pause", "prices", "budget"),
    *("max_images", "max_calls", "max_tokens_total", "max_seconds", "max_cost"),
    *("generator_url", "generator_concurrency", "generator_price"),
}
"""Dials that say how calls are made and paid; one may change them and still go on."""


@dataclass(frozen=True)
class Task:
    """One picture to draw; without a prompt, one to take up again.

    Attributes:
        id: of the prompt, or the thread.
        key: the same for the same request; a finished folder is recognised by it.
        thread: keeps its trajectory; the same when the same command is given again.
        folder: where it should lie.
        data: of its line, kept beside the record.
    """

    id: str
    key: str
    thread: str
    prompt: str | None
    criteria: tuple[str, ...] | None
    settings: Settings
    folder: Path
    data: Mapping[str, Any] = field(default_factory=dict)


class Done(NamedTuple):
    """A folder that holds a trajectory, and its record."""

    folder: Path
    record: dict[str, Any]

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do for it."""
        status = standing(self.record)
        return not goes_on(status, self.record) and (self.folder / "image.png").is_file()


def plan(
    entries: Sequence[Entry],
    settings: Settings,
    criteria: Sequence[str] | None,
    base: Path,
    shared: str = "",
) -> list[Task]:
    """Return the tasks of a file of prompts.

    A prompt without an id of its own is identified by its content, so that lines may move.

    Args:
        entries: of the file.
        settings: of all; those of a prompt win over them.
        criteria: of all prompts that have none of their own.
        base: the folder of the batch.
        shared: what machines with folders of their own call the batch; empty: it is this one's.

    Raises:
        UsageError: the settings of a prompt are not valid.
    """
    tasks, occurrences = [], Counter[str]()
    for entry in entries:
        checklist = entry.criteria or (tuple(criteria) if criteria else None)
        request = [entry.prompt, checklist, entry.dials]
        text = json.dumps(request, sort_keys=True)
        occurrences[text] += not entry.named
        key = _digest(entry.id if entry.named else occurrences[text], request)
        dials = _settings_of(entry, settings)
        folder = base / file_name(entry.id)
        thread = _thread(Path(shared) if shared else base.resolve(), key, dials)
        task = Task(entry.id, key, thread, entry.prompt, checklist, dials, folder, data=entry.data)
        tasks.append(task)
    return tasks


def _thread(base: Path, key: str, dials: Settings) -> str:
    return f"{file_name(base.name)[:50]}-{_digest(str(base), key, drawing_dials(dials))[:12]}"


def finished(base: Path) -> dict[str, Done]:
    """Return what a folder holds of a batch, by key; of two with one key the ended one."""
    by_key: dict[str, Done] = {}
    for file in sorted(base.glob("[!.]*/trajectory.json")):
        done = Done(file.parent, record_in(file.parent))
        key = (done.record.get("batch") or {}).get("key")
        if key and not (key in by_key and by_key[key].ended):
            by_key[key] = done
    return by_key


def changed(task: Task, done: Done) -> set[str]:
    """Return the names of dials that differ from those a finished picture was drawn with."""
    try:
        then = drawing_dials(settle(done.record.get("settings")))
    except ConfigError:  # dials of another release
        return set()
    now = drawing_dials(task.settings)
    if "seed" not in now:  # any would do
        then.pop("seed", None)
    return {name for name in then.keys() | now.keys() if then.get(name) != now.get(name)}


def _settings_of(entry: Entry, settings: Settings) -> Settings:
    try:
        merged = settle(settings, entry.dials) if entry.dials else settings
    except ConfigError as error:
        msg = f"{entry.where}: {error}"
        raise UsageError(msg) from error
    if merged.pause != "never":
        msg = f"{entry.where}: nobody can answer for many at once; set pause=never."
        raise UsageError(msg)
    return merged


def drawing_dials(settings: Settings) -> dict[str, Any]:
    """Return the dials that a picture depends on, where they are not the defaults."""
    dials: dict[str, Any] = settings.model_dump(
        mode="json", exclude=_ABOUT_CALLS, exclude_defaults=True
    )
    for role in dials.get("roles", {}).values():
        role.pop("mllm_url", None)
    return dials


def _digest(*parts: Mapping[str, Any] | Sequence[Any] | int) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
