"""What a benchmark gives the batch runner to draw, and what is noted about it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from gems_graph import __version__
from gems_graph.batch.plan import drawing_dials
from gems_graph.batch.prompt_file import Entry
from gems_graph.benchmarks.task import Prompt, Task
from gems_graph.errors import UsageError
from gems_graph.settings import Settings, settle

MANIFEST, RUNS, PICTURES = "run.json", "runs", "pictures"
"""In the folder of a way: what is run, the trajectories, the official layout."""


class Manifest(TypedDict):
    """What is run, as plain JSON.

    Attributes:
        way: how it is drawn: the name of a strategy or a preset.
        data: folder of the data.
        sha256: of ids and prompts, in order.
        prompts: ids.
        seeds: by repetition, the seed of each sample.
        commit: of the code, where it is a checkout; the version otherwise.
    """

    task: str
    way: str
    data: str
    sha256: str
    prompts: list[str]
    of: int
    samples: int
    seeds: list[list[int]]
    settings: dict[str, Any]
    commit: str


def manifest(
    task: Task, way: str, data: Path, prompts: Sequence[Prompt], settings: Settings, *,
    limit: int | None, samples: int, seeds: int,
) -> Manifest:  # fmt: skip
    """Return what is to be run; seeds count from the setting `seed`, or from 1."""
    first = 1 if settings.seed is None else settings.seed
    chosen = prompts[:limit]
    text = json.dumps([[prompt.id, prompt.text] for prompt in chosen])
    return Manifest(
        task=task.name, way=way, data=str(data), sha256=hashlib.sha256(text.encode()).hexdigest(),
        prompts=[prompt.id for prompt in chosen], of=len(prompts), samples=samples,
        seeds=[[first + k * samples + s for s in range(samples)] for k in range(seeds)],
        settings=settings.model_dump(mode="json", exclude_unset=True), commit=commit(),
    )  # fmt: skip


def entries(found: Manifest, prompts: Sequence[Prompt]) -> list[Entry]:
    """Return what the batch runner draws: an id, a text and a seed each, and nothing else.

    Everything that a judge may know stays behind here.
    """
    texts = {prompt.id: prompt.text for prompt in prompts}
    return [
        Entry(
            f"{found['task']}, prompt {id_}", run_id(found["task"], id_, sample, seed), True,
            texts[id_], dials={"seed": seed},
        )
        for seeds in found["seeds"]
        for id_ in found["prompts"]
        for sample, seed in enumerate(seeds)
    ]  # fmt: skip


def run_id(task: str, prompt: str, sample: int, seed: int) -> str:
    """Return the id of one picture: the same wherever and whenever it is drawn."""
    return f"{task}/{prompt}/{sample}/{seed}"


def read_manifest(folder: Path) -> Manifest:
    """Read what was run in a folder.

    Raises:
        UsageError: nothing was.
    """
    try:
        kept = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found: Manifest = {name: kept[name] for name in Manifest.__annotations__}  # type: ignore[assignment]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder} holds no run of a benchmark; begin one with gems eval run TASK --out DIR."
        raise UsageError(msg) from error
    return found


def write_manifest(folder: Path, found: Manifest) -> None:
    """Note what is run; more prompts or seeds may be added later, other settings may not.

    Raises:
        UsageError: something else was run there, or it cannot be written.
    """
    if (folder / MANIFEST).exists():
        earlier = read_manifest(folder)
        fixed = ("task", "way", "samples")
        changed = [name for name in fixed if earlier[name] != found[name]]  # type: ignore[literal-required]
        if names := changed + _other_dials(earlier, found):
            name = names[0]
            msg = f"{folder} holds a run with another {name}; name another folder with --out."
            raise UsageError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"Cannot write to {folder} ({error.strerror}); name another with --out."
        raise UsageError(msg) from error


def _other_dials(earlier: Manifest, found: Manifest) -> list[str]:
    """Return the dials that pictures depend on and that were others before."""
    then, now = (drawing_dials(settle(each["settings"])) for each in (earlier, found))
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def ways_in(folder: Path) -> list[Path]:
    """Return the folders of ways in a folder, or the folder itself if it is one.

    Raises:
        UsageError: there are none.
    """
    if (folder / MANIFEST).exists():
        return [folder]
    if found := sorted(file.parent for file in folder.glob(f"*/{MANIFEST}")):
        return found
    msg = f"{folder} holds no run of a benchmark; begin one with gems eval run TASK --out DIR."
    raise UsageError(msg)


def commit() -> str:
    """Return the commit of a checkout, with + where it was changed; else the version."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return __version__
    try:
        told = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return __version__
    return told.stdout.strip()
