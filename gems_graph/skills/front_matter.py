"""The Agent Skills format: YAML front matter, then the instructions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from gems_graph.skills.names import LONGEST, RULE, fault, tidy
from gems_graph.skills.parsed import BrokenSkillError, Parsed, described

FENCE = "---"
OWN_CRITERIA = "gems-criteria"
"""Key under `metadata` that holds criteria, one a line: the standard allows only texts there."""
CRITERION, CRITERIA = 300, 8
"""Characters of a skill's criterion, and criteria of a skill, at most."""
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # makes texts, lists, mappings alone
_DEEPEST = 16  # nested lists and mappings; a skill needs two
_QUOTE = "put values that hold `: ` or ` #`, or begin with a mark, in quotes"
_Lines = dict[str, int]


def parse(lines: list[str], start: int, folder: str) -> Parsed:
    """Read front matter that opens in line `start`, counted from 0.

    Raises:
        BrokenSkillError: it breaks the standard where that matters to a run.
    """
    end = next((k for k in range(start + 1, len(lines)) if lines[k].rstrip() == FENCE), None)
    if end is None:
        what = "the front matter has no closing ---"
        raise BrokenSkillError(start + 1, what, "add a line --- after it")
    meta, key_lines = _mapping("\n".join(lines[start + 1 : end]), start + 2)
    return Parsed(
        name=_name(meta, key_lines.get("name", start + 1), folder),
        description=_description(meta, key_lines.get("description", start + 1)),
        body="\n".join(lines[end + 1 :]).strip(),
        criteria=_criteria(meta, key_lines),
        metadata={k: v for k, v in meta.items() if k not in {"name", "description", "criteria"}},
        lines=key_lines,
    )


def _mapping(text: str, first: int) -> tuple[dict[str, Any], _Lines]:
    """Return YAML as a mapping, and the line of each key; its first line has number `first`."""
    key_lines: _Lines = {}
    try:
        for key, line in _keys(text, first):
            if key in key_lines:
                raise BrokenSkillError(line, f"{key} is there twice", "keep one of them")
            key_lines[key] = line
        meta = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "it holds a character that YAML forbids"
        what = f"the front matter is not YAML ({reason})"
        raise BrokenSkillError(first + (mark.line if mark else 0), what, _QUOTE) from error
    if not isinstance(meta, dict):
        what = "the front matter is no mapping"
        raise BrokenSkillError(first, what, "write lines `key: value`")
    return meta, key_lines


def _keys(text: str, first: int) -> Iterator[tuple[str, int]]:
    """Yield the keys of the outermost mapping with their lines; refuse aliases and deep nesting."""
    depth, at_key = 0, True
    for event in yaml.parse(text, Loader=_LOADER):
        line = first + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent):
            raise BrokenSkillError(line, "it uses a YAML reference (*)", "write the value out")
        opens = isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent)
        if depth == 1 and (opens or isinstance(event, yaml.ScalarEvent)):
            if at_key and isinstance(event, yaml.ScalarEvent):
                yield event.value, line
            at_key = not at_key
        depth += opens - isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent)
        if depth > _DEEPEST:
            raise BrokenSkillError(line, "it is nested too deeply", "keep values flat")


def _name(meta: dict[str, Any], line: int, folder: str) -> str:
    name = meta.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BrokenSkillError(line, "the front matter needs a name", f"add `name: {folder}`")
    name = tidy(name)
    if problem := fault(name):
        raise BrokenSkillError(line, f"the name {name[: LONGEST + 1]!r} {problem}", RULE)
    if tidy(folder) != name:
        what = f"its folder is called {folder!r}, not {name!r}"
        raise BrokenSkillError(line, what, "rename one of them")
    return name


def _description(meta: dict[str, Any], line: int) -> str:
    value = meta.get("description", "")
    if not isinstance(value, str):
        raise BrokenSkillError(line, "its description is no text", _QUOTE)
    return described(value, line)


def _criteria(meta: dict[str, Any], key_lines: _Lines) -> tuple[str, ...]:
    own = meta.get("metadata")
    portable = own.get(OWN_CRITERIA) if isinstance(own, dict) else None
    line = key_lines.get("metadata" if portable else "criteria", 1)
    value = portable or meta.get("criteria") or []
    items = value.splitlines() if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
        remedy = "write a list of yes/no questions"
        raise BrokenSkillError(line, "its criteria are no list of texts", remedy)
    criteria = tuple(dict.fromkeys(" ".join(each.split()) for each in items if each.strip()))
    if len(criteria) > CRITERIA or any(len(each) > CRITERION for each in criteria):
        remedy = f"keep {CRITERIA} at most, of {CRITERION} characters at most"
        raise BrokenSkillError(line, "its criteria are too many or too long", remedy)
    return criteria
