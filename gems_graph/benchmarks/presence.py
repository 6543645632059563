"""What each benchmark needs of data, where that lives, what is there; and fetching it."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import TypedDict

from gems_graph.benchmarks.data import Places, twins
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
    wanted = [twin for name in task.files for twin in twins(name)]
    try:
        snapshot_download(
            task.home.repo, repo_type=task.home.kind, local_dir=place,
            allow_patterns=[*wanted, "README.md", "LICENSE*"],
        )  # fmt: skip
    except Exception as error:  # whatever a download raises, the remedy is the same
        raise _not_fetched(task, _reason(error)) from error
    if not any((place / name).exists() for name in wanted):
        # with a folder that holds anything, a hub that is away is no error to huggingface_hub
        raise _not_fetched(task, f"none of {', '.join(wanted)} came")
    return place


def _reason(error: BaseException) -> str:
    """Return the first line of what lies behind an error: the package wraps what the hub said."""
    while error.__cause__:
        error = error.__cause__
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[0]}" if words else type(error).__name__


def _not_fetched(task: Task, why: str) -> ConfigError:
    return ConfigError(
        f"Cannot fetch {task.home.repo} from the hub ({why}); give the command again, which goes "
        f"on where it stopped, check HF_ENDPOINT, or take it by hand from {task.home.url}."
    )
