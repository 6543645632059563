"""Check skill files by the whole standard, for their authors; a run is more lenient."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.skills import files
from gems_graph.skills.folders import skill_files
from gems_graph.skills.parse import parse
from gems_graph.skills.parsed import BrokenSkillError, Parsed

_KEYS = {"license", "allowed-tools", "metadata", "compatibility"}
_COMPATIBILITY = 500
_MENTIONED = re.compile(r"\breferences/[\w./-]*\w")


def check(folder: Path) -> list[str]:
    """Return what is wrong with the skill in a folder, or with the skills in it.

    Raises:
        ConfigError: there is no such folder, or no skill in it.
    """
    if not folder.is_dir():
        msg = f"There is no folder {str(folder)!r}; name a skill's folder, or one of skills."
        raise ConfigError(msg)
    paths = skill_files(folder)
    if not paths:
        msg = f"There is no SKILL.md in {folder} or its folders; `gems skills new` makes one."
        raise ConfigError(msg)
    return [problem for file in paths for problem in check_file(file)]


def check_file(file: Path) -> list[str]:
    """Return what is wrong with a skill file: where, what, and what would mend it."""
    try:
        data = files.bounded(file.parent, file, files.TEXT)
        parsed = parse(data, file.parent.absolute().name)
    except BrokenSkillError as error:
        return [f"{file}:{error.line}: {error}."]
    except ConfigError as error:
        return [str(error)]
    problems = [*_nonstandard_keys(parsed), *_dead_links(parsed, file.parent)]
    return [f"{file}:{error.line}: {error}." for error in problems]


def _nonstandard_keys(parsed: Parsed) -> list[BrokenSkillError]:
    """Return faults by the Agent Skills standard that a run here tolerates."""
    problems = []
    for key, value in parsed.metadata.items():
        line = parsed.lines.get(key, 1)
        if key not in _KEYS:
            remedy = "move it under `metadata:`, which is for keys of your own"
            problems.append(BrokenSkillError(line, f"{key} is not a key of Agent Skills", remedy))
        elif fault := _fault(key, value):
            problems.append(BrokenSkillError(line, f"{key} {fault[0]}", fault[1]))
    return problems


def _fault(key: str, value: Any) -> tuple[str, str] | None:
    if key == "compatibility" and (not isinstance(value, str) or len(value) > _COMPATIBILITY):
        return f"is no text of {_COMPATIBILITY} characters at most", "shorten it"
    if key == "license" and not isinstance(value, str):
        return "is no text", "name the licence or its file"
    if key == "metadata" and not isinstance(value, dict):
        return "is no mapping", "write indented lines `key: value`"
    if key == "allowed-tools" and isinstance(value, dict):
        return "is no text or list of texts", "list the tools"
    return None


def _dead_links(parsed: Parsed, folder: Path) -> list[BrokenSkillError]:
    dead = sorted({*_MENTIONED.findall(parsed.body)} - {*files.listing(folder)})
    remedy = "add it, or drop the mention"
    return [
        BrokenSkillError(1, f"its instructions refer to {path}, which cannot be read", remedy)
        for path in dead
    ]
