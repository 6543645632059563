"""A parsed skill file, and the error for one that cannot be parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gems_graph.skills.names import LONGEST

DESCRIPTION = 1024  # characters at most


class BrokenSkillError(ValueError):
    """What is wrong with a skill file, in which line (from 1), and what would mend it."""

    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.line = line


@dataclass(frozen=True)
class Parsed:
    """A parsed skill file.

    Attributes:
        lines: the line of each key of the front matter.
        warnings: what was odd and could be got around.
    """

    name: str
    description: str
    body: str
    criteria: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    warnings: tuple[BrokenSkillError, ...] = ()


def described(value: str, line: int) -> str:
    """Return a description on one line.

    Raises:
        BrokenSkillError: it is empty or too long.
    """
    if not value.strip():
        remedy = "say in a sentence or two what the skill does and when to use it"
        raise BrokenSkillError(line, "it needs a description", remedy)
    if len(value.strip()) > DESCRIPTION:
        what = f"its description is longer than {DESCRIPTION} characters"
        raise BrokenSkillError(line, what, "move what is no summary into the instructions")
    return " ".join(value.split())


def named(value: str, line: int) -> str:
    """Return a name that no standard rules, checked: printable, short, without markup.

    Raises:
        BrokenSkillError: it is not.
    """
    printable = value.isprintable() and not set(value) & set('<>"&')
    if not printable or len(value) > LONGEST or not any(char.isalnum() for char in value):
        remedy = f'give it up to {LONGEST} letters, digits, spaces, no <>"&'
        raise BrokenSkillError(line, f"{value[:80]!r} is no usable name", remedy)
    return value
