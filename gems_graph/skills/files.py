"""Read files of a skill: regular ones, inside its folder, of bounded size; nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gems_graph.errors import ConfigError

TEXT, IMAGE = 256_000, 5_000_000
"""Bytes of a text (`SKILL.md`, references) and of a picture, at most."""
_TEXTS, _IMAGES = {".md", ".txt"}, {".png", ".jpg", ".jpeg", ".webp"}
_DEEPEST, _MOST = 3, 64  # folders below the skill's, and files listed


def is_text(path: str) -> bool:
    """Tell whether a listed file is a text; the others are pictures."""
    return PurePosixPath(path).suffix.lower() in _TEXTS


def listing(folder: Path) -> list[str]:
    """Return the readable files of a skill by relative path, `SKILL.md` left out.

    Links are not followed and hidden files not shown, so that nothing outside is listed.
    """
    paths = sorted(_walk(folder, "", _DEEPEST))
    return [path for path in paths if path.casefold() != "skill.md"][:_MOST]


def _walk(folder: Path, prefix: str, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # a folder that cannot be read holds nothing for us
        return
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.name.startswith(".") or not path.isprintable():
            continue
        if entry.is_dir(follow_symlinks=False) and depth:
            yield from _walk(Path(entry.path), f"{path}/", depth - 1)
        kind = PurePosixPath(path).suffix.lower()
        if entry.is_file(follow_symlinks=False) and kind in _TEXTS | _IMAGES:
            yield path


def read(folder: Path, path: str) -> bytes:
    """Read a listed file.

    Raises:
        ConfigError: it lies elsewhere, is too large or cannot be read.
    """
    return bounded(folder, folder / path, TEXT if is_text(path) else IMAGE)


def bounded(folder: Path, file: Path, limit: int) -> bytes:
    """Read a regular file that lies in a folder, also after links are followed.

    Raises:
        ConfigError: it lies elsewhere, is no regular file, is too large or cannot be read.
    """
    try:
        real = file.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()):
            msg = f"{file} leads out of its skill's folder; put a copy there."
            raise ConfigError(msg)
        if not stat.S_ISREG(real.stat().st_mode):  # a pipe would wait for ever
            msg = f"{file} is not a regular file; replace it by one."
            raise ConfigError(msg)
        with real.open("rb") as opened:
            data = opened.read(limit + 1)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = f"{file} cannot be read ({reason}); make it a readable file."
        raise ConfigError(msg) from error
    if len(data) > limit:
        msg = f"{file} is larger than {limit // 1000} kB; split or shrink it."
        raise ConfigError(msg)
    return data
