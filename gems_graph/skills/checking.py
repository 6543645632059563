"""Check skill files by the whole standard, for their authors; a run is more lenient."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.errors import ConfigError
from gems_graph.skills import files
from gems_graph.skills.folders import skill_files
from gems_graph.skills.front_matter import OWN_CRITERIA
from gems_graph.skills.parse import parse
from gems_graph.skills.parsed import BrokenSkillError, Parsed

_KEYS = {"license", "allowed-tools", "metadata", "compatibility"}
_ELSEWHERE = {
    "agent", "alwaysApply", "argument-hint", "arguments", "author", "category", "context",
    "dependencies", "disable-model-invocation", "effort", "globs", "homepage", "hooks", "keywords",
    "model", "paths", "shell", "tags", "tools", "triggers", "user-invocable", "version",
    "when_to_use",
}  # fmt: skip
"""Keys that some agents know beside the standard's."""
_COMPATIBILITY = 500
_PATH = re.compile(r"[\w./-]*\breferences/[\w./-]*\w")


class Checked(NamedTuple):
    """What a check found: where, what, and what would mend it.

    Attributes:
        problems: what breaks the standard, or misleads a model.
        warnings: what other agents, or the standard's own validator, may stumble over.
    """

    problems: list[str]
    warnings: list[str]


def check(folder: Path) -> Checked:
    """Check the skill in a folder, or the skills in it.

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
    return merged([check_file(file) for file in paths])


def merged(several: list[Checked]) -> Checked:
    """Return what several checks found, as one."""
    problems = [problem for each in several for problem in each.problems]
    return Checked(problems, [warning for each in several for warning in each.warnings])


def check_file(file: Path) -> Checked:
    """Check one skill file."""
    try:
        data = files.bounded(file.parent, file, files.TEXT)
        parsed = parse(data, file.parent.absolute().name)
    except BrokenSkillError as error:
        return Checked([f"{file}:{error.line}: {error}."], [])
    except ConfigError as error:
        return Checked([str(error)], [])
    problems = [*_faults(parsed), *_dead_links(parsed, file.parent)]
    warnings = [*parsed.warnings, *_foreign_keys(parsed)]
    located = [[f"{file}:{each.line}: {each}." for each in found] for found in (problems, warnings)]
    return Checked(*located)


def _faults(parsed: Parsed) -> list[BrokenSkillError]:
    """Return faults of keys by the Agent Skills standard that a run here tolerates."""
    problems = []
    for key, value in parsed.metadata.items():
        line = parsed.lines.get(key, 1)
        if key not in _KEYS | _ELSEWHERE:
            remedy = "move it under `metadata:`, which is for keys of your own"
            problems.append(BrokenSkillError(line, f"{key} is not a key of Agent Skills", remedy))
        elif fault := _fault(key, value):
            problems.append(BrokenSkillError(line, f"{key} {fault[0]}", fault[1]))
    return problems


def _foreign_keys(parsed: Parsed) -> list[BrokenSkillError]:
    """Return keys that are none of the standard's, though we or other agents know them."""
    warnings = []
    for key, line in parsed.lines.items():
        what, remedy = f"{key} is not a key of Agent Skills", ""
        if key == "criteria":
            remedy = f"to be portable, write them one a line under `metadata:` as `{OWN_CRITERIA}`"
        elif key in _ELSEWHERE:
            remedy = "some agents know it; to be portable, move it under `metadata:`"
        if remedy:
            warnings.append(BrokenSkillError(line, what, remedy))
    return warnings


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
    """Return mentions of files of its own that are not there; those of others are not ours."""
    mentioned = {path.removeprefix("./") for path in _PATH.findall(parsed.body)}
    mentioned = {path.removeprefix(f"{parsed.name}/") for path in mentioned}
    own = {path for path in mentioned if path.startswith("references/")}
    dead = sorted(own - {*files.listing(folder)})
    remedy = "add it, or drop the mention"
    return [
        BrokenSkillError(1, f"its instructions refer to {path}, which cannot be read", remedy)
        for path in dead
    ]
