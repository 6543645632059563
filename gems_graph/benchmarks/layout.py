"""Put drawn pictures into exactly the layout that the official scorer expects."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from gems_graph.benchmarks.running import PICTURES, RUNS, Manifest, run_id
from gems_graph.benchmarks.task import Prompt, Task
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import file_name
from gems_graph.system.replacing import replace_file

LISTING = "pictures.json"
"""Beside the layout, as no other file may lie in it: path and SHA-256 of every file."""


class Laid(NamedTuple):
    """What came of it: the layout's folders, one a repetition, and what is missing."""

    folders: list[Path]
    missing: list[str]


def drawn(way: Path, found: Manifest) -> dict[str, Path]:
    """Return the pictures that are there, by the id of their run."""
    files = {
        id_: way / RUNS / file_name(id_) / "image.png"
        for seeds in found["seeds"]
        for prompt in found["prompts"]
        for sample, seed in enumerate(seeds)
        if (id_ := run_id(found["task"], prompt, sample, seed))
    }
    return {id_: file for id_, file in files.items() if file.is_file()}


def finalize(
    way: Path, found: Manifest, task: Task, prompts: Sequence[Prompt], *, partial: bool = False
) -> Laid:
    """Lay out the pictures of a run, with grids and manifests; what lay there before goes.

    Args:
        way: folder of the run.
        found: what was run.
        task: the benchmark.
        prompts: of the data.
        partial: lay out the prompts that are whole, and leave the others out.

    Raises:
        UsageError: pictures are missing, or the layout cannot be written.
    """
    pictures, chosen = drawn(way, found), {*found["prompts"]}
    missing = [i for seeds in found["seeds"] for i in _ids(found, seeds) if i not in pictures]
    if missing and not partial:
        msg = (
            f"{len(missing)} pictures of {way.name} are missing, the first {missing[0]}: give "
            "the same command again, or lay out whole prompts alone with --partial."
        )
        raise UsageError(msg)
    try:
        folders = [
            _lay(_place(way, found, k), seeds, found, task, pictures,
                 [p for p in prompts if p.id in chosen])
            for k, seeds in enumerate(found["seeds"])
        ]  # fmt: skip
        _list(way, folders)
    except OSError as error:
        msg = f"Cannot lay out {way} ({error}); free some space, or name another folder."
        raise UsageError(msg) from error
    return Laid(folders, missing)


def _ids(found: Manifest, seeds: Sequence[int]) -> list[str]:
    pairs = [(prompt, s) for prompt in found["prompts"] for s in range(len(seeds))]
    return [run_id(found["task"], prompt, s, seeds[s]) for prompt, s in pairs]


def places(way: Path, found: Manifest) -> list[Path]:
    """Return the folders of the layout, one a repetition, whether they are there or not."""
    return [_place(way, found, k) for k in range(len(found["seeds"]))]


def _place(way: Path, found: Manifest, repetition: int) -> Path:
    """Return the layout's folder: one for each repetition if there are several."""
    one = len(found["seeds"]) == 1
    return way / PICTURES if one else way / PICTURES / f"seed-{found['seeds'][repetition][0]}"


def _lay(
    place: Path, seeds: Sequence[int], found: Manifest, task: Task, pictures: Mapping[str, Path],
    prompts: Sequence[Prompt],
) -> Path:  # fmt: skip
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    whole = []
    for prompt in prompts:
        ids = [run_id(found["task"], prompt.id, s, seed) for s, seed in enumerate(seeds)]
        files = [pictures[id_] for id_ in ids if id_ in pictures]
        if len(files) == len(seeds):
            whole.append(prompt)
            _put(place, task, prompt, files)
    for name, text in task.manifests(whole, len(seeds)).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    return place


def _put(place: Path, task: Task, prompt: Prompt, files: Sequence[Path]) -> None:
    """Put the pictures of a prompt: singles, or one grid."""
    if name := task.grid(prompt):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        replace_file(place / name, _encoded(grid(files), name))
        return
    for sample, file in enumerate(files):
        target = place / task.picture(prompt, sample)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # another disk, or none that links
            os.link(file, target)
            continue
        shutil.copyfile(file, target)


def grid(files: Sequence[Path]) -> Image.Image:
    """Put one to four pictures into two columns, in reading order; a single one stays alone."""
    tiles = [Image.open(file).convert("RGB") for file in files]
    if len(tiles) == 1:
        return tiles[0]
    width, height = tiles[0].size
    whole = Image.new("RGB", (2 * width, height * ((len(tiles) + 1) // 2)))
    for k, tile in enumerate(tiles):
        fitted = tile if tile.size == (width, height) else tile.resize((width, height))
        whole.paste(fitted, (width * (k % 2), height * (k // 2)))
    return whole


def _encoded(image: Image.Image, name: str) -> bytes:
    out = io.BytesIO()
    if name.endswith(".webp"):
        image.save(out, "WEBP", lossless=True)
    else:
        image.save(out, "PNG")
    return out.getvalue()


def _list(way: Path, folders: Sequence[Path]) -> None:
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())
    digests = {
        file.relative_to(way).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    replace_file(way / LISTING, (json.dumps(digests, indent=1) + "\n").encode())
