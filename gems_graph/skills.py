"""The Skill Manager: finds skills, shows the manifest, reads instructions when picked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from gems_graph.errors import ConfigError
from gems_graph.resources import data_folder

_FENCE = "---"


@dataclass(frozen=True)
class Skill:
    """One skill: its manifest entry, and where its instructions are."""

    name: str
    description: str
    file: Path

    def instructions(self) -> str:
        """Read the instructions from disk; called only when the skill is picked."""
        return _split(self.file.read_text(encoding="utf-8-sig"))[1].strip()


class Skills:
    """Skills by name, from the packaged folder and further ones; a later folder wins.

    `manifest` holds names and descriptions, sorted by name; `problems` names broken skills.

    Args:
        folders: each holds one folder per skill with a `SKILL.md` in it.

    Raises:
        ConfigError: a folder does not exist.
    """

    def __init__(self, folders: Iterable[str] = ()) -> None:
        self.problems: list[str] = []
        found: dict[str, Skill] = {}
        for folder in (data_folder("skills"), *map(Path, folders)):
            if not folder.is_dir():
                msg = f"The skill folder {str(folder)!r} does not exist; create it or drop it."
                raise ConfigError(msg)
            for file in sorted(folder.glob("*/SKILL.md")):
                self._add(file, found)
        self.manifest = [found[name] for name in sorted(found)]

    def _add(self, file: Path, found: dict[str, Skill]) -> None:
        try:
            skill = _read(file)
        except (ValueError, OSError, yaml.YAMLError) as error:
            first_line = str(error).splitlines()[0]
            self.problems.append(f"The skill {file} is left out: {first_line}.")
        else:
            found[skill.name] = skill

    def find(self, name: str) -> Skill | None:
        """Return the skill a model means by a name, also where it writes it a little wrong."""
        by_name = {skill.name: skill for skill in self.manifest}
        match = near(name, list(by_name))
        return by_name[match] if match else None


def near(name: str, names: Sequence[str]) -> str | None:
    """Return which of `names` is meant: exact, then the only one it is part of, then close."""
    wanted = re.sub(
        r"^\W*skill(?:[\W_]?(?:id|name))?\s*[:=]", "", name.strip(), flags=re.IGNORECASE
    )
    wanted = re.sub(r"[\W_]+", "-", wanted.casefold()).strip("-")
    if not wanted:
        return None
    folded = {each.casefold(): each for each in names}
    if wanted in folded:
        return folded[wanted]
    parts = [each for key, each in folded.items() if wanted in key.split("-") or key in wanted]
    if len(parts) == 1:
        return parts[0]
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.8)
    return folded[close[0]] if close else None


def _read(file: Path) -> Skill:
    """Read the front matter of a skill, and no further."""
    with file.open(encoding="utf-8-sig") as lines:
        if next(lines, "").strip() != _FENCE:
            msg = "its first line must be --- (front matter with name and description)"
            raise ValueError(msg)
        head = []
        for line in lines:
            if line.strip() == _FENCE:
                break
            head.append(line)
        else:
            msg = "the front matter has no closing ---"
            raise ValueError(msg)
    meta = yaml.safe_load("".join(head))
    if not isinstance(meta, dict):
        msg = "the front matter must be `key: value` lines"
        raise ValueError(msg)
    return Skill(_field(meta, "name", 64), _field(meta, "description", 1024), file)


def _field(meta: dict[object, object], key: str, limit: int) -> str:
    value = meta.get(key)
    if not isinstance(value, str) or not value.strip():
        msg = f"the front matter needs a {key}"
        raise ValueError(msg)
    if len(value.strip()) > limit:
        msg = f"its {key} is longer than {limit} characters"
        raise ValueError(msg)
    return " ".join(value.split())


def _split(text: str) -> tuple[str, str]:
    """Split a skill file into front matter and body."""
    head, _, body = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    return head, body
