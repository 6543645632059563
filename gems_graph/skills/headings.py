"""The format of the authors' code: `# Skill: NAME`, `## Description`, `## Instructions`."""

from __future__ import annotations

import re
from typing import NamedTuple

from gems_graph.skills.names import tidy
from gems_graph.skills.parsed import BrokenSkillError, Parsed, described, named

_HEADING = re.compile(  # possessive (`*+`): a long line of spaces takes no longer than another
    r"\s{0,3}#{1,6}[\s*]*+(skill|description|instruction)(?:s|[ _]?(?:name|id))?[\s*]*+"
    r"(?:[:：](.*)|#*+\s*+)",
    re.IGNORECASE,
)
_CODE = re.compile(r"\s{0,3}(?:```|~~~)")


class _Section(NamedTuple):
    line: int
    title: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join([self.title, *self.lines]).strip()


def parse(lines: list[str], folder: str) -> Parsed:
    """Read sections by their headings, of any level and case and in any order.

    A title that cannot be a name gives way to the name of the folder.

    Raises:
        BrokenSkillError: one of the three is missing.
    """
    parts = _sections(lines)
    if (skill := parts.get("skill")) is None:
        what = "it has neither front matter nor a heading `# Skill: NAME`"
        raise BrokenSkillError(1, what, "begin with ---, `name: ...`, `description: ...`, ---")
    title = skill.title or next((each for each in skill.lines if each.strip()), "")
    name, warnings = _name(tidy(title), skill.line, folder)
    description = parts.get("description", _Section(skill.line, "", []))
    instructions = parts.get("instruction", _Section(skill.line, "", []))
    if not instructions.text:
        remedy = "add `## Instructions` and a text under it"
        raise BrokenSkillError(instructions.line, "it needs instructions", remedy)
    return Parsed(
        name=name,
        description=described(description.text, description.line),
        body=instructions.text,
        warnings=warnings,
    )


def _name(title: str, line: int, folder: str) -> tuple[str, tuple[BrokenSkillError, ...]]:
    try:
        return named(title, line), ()
    except BrokenSkillError as error:
        name = named(tidy(folder), line)
        what = str(error).partition(";")[0]
        return name, (BrokenSkillError(line, what, f"it is called {name!r} after its folder"),)


def _sections(lines: list[str]) -> dict[str, _Section]:
    """Return the section of each kind; of several the first, the rest is text in it."""
    sections: dict[str, _Section] = {}
    current: list[str] = []
    in_code = False
    for number, line in enumerate(lines, start=1):
        in_code ^= bool(_CODE.match(line))
        heading = None if in_code else _HEADING.fullmatch(line)
        kind = heading[1].casefold() if heading else ""
        if heading and kind not in sections:
            current = []
            title = (heading[2] or "").lstrip("* \t").rstrip("*# \t")
            sections[kind] = _Section(number, title, current)
        else:
            current.append(line)
    return sections
