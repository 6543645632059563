"""What each benchmark needs of data, where that lives, what is there; and fetching it."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import TypedDict

from gems_graph.benchmarks.data import Places
from gems_graph.benchmarks.task import Task
from gems_graph.errors import ConfigError, GemsError, UsageError


class Presence(TypedDict):
    """What `gems eval data` tells of one benchmark; `prompts` is None where it cannot be read."""

    task: str
    title: str
    home: str
    licence: str
    fetchable: bool
    files: list[str]
    missing: list[str]
    prompts: int | None
    problem: str | None
    judge: str
    answers: str


def presence(task: Task, folder: Path) -> Presence:
    """Look for the data of a benchmark, and read it if it is there."""
    places = Places(folder, task.folders)
    missing = [name for name in task.files if places.find(name) is None]
    prompts, problem = None, None
    try:
        prompts = len(task.load(folder))
    except GemsError as error:
        problem = None if missing else str(error)
    return Presence(
        task=task.name, title=task.title, home=task.home.url, licence=task.home.licence,
        fetchable=bool(task.home.repo), files=[*task.files], missing=missing, prompts=prompts,
        problem=problem, judge=task.judge, answers=task.answers_form,
    )  # fmt: skip


def fetch(task: Task, folder: Path) -> Path:
    """Fetch the data from the Hugging Face hub, into a folder of its own.

    Raises:
        UsageError: it is not there.
        ConfigError: `huggingface_hub` is missing, or the hub cannot be reached.
    """
    if not task.home.repo:
        msg = f"{task.title} is not on the hub: take {', '.join(task.files)} from {task.home.url}."
        raise UsageError(msg)
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        msg = "Fetching needs the package huggingface_hub: pip install 'gems-graph[eval]'."
        raise ConfigError(msg) from error
    place = folder / (task.folders[0] if task.folders else task.name)
    try:
        snapshot_download(
            task.home.repo, repo_type=task.home.kind, local_dir=place,
            allow_patterns=[*task.files, "README.md", "LICENSE*"],
        )  # fmt: skip
    except Exception as error:  # whatever a download raises, the remedy is the same
        msg = f"Cannot fetch {task.home.repo} ({error}); take it by hand from {task.home.url}."
        raise ConfigError(msg) from error
    return place
