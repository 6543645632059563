"""One skill: its manifest entry, and how to read its instructions and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.errors import ConfigError
from gems_graph.skills import files
from gems_graph.skills.parse import parse
from gems_graph.skills.parsed import BrokenSkillError, described, named


class Reference(NamedTuple):
    """A file of a skill: a text, or a picture as encoded bytes."""

    path: str
    text: str = ""
    image: bytes | None = None


@dataclass(frozen=True)
class Skill:
    """Expertise for the Planner; lies in a file, or is made in code with its `text`.

    Attributes:
        name: the Planner picks it by this.
        description: what it does and when to use it; the Planner sees nothing else at first.
        text: the instructions, where there is no file.
        criteria: yes/no questions that a picture drawn with the skill should pass, too.
        metadata: further keys of the front matter, as they stand.
        file: its `SKILL.md`.
        source: where it was found: packaged, user, project, folder or object.
        warnings: what was odd about its file and could be got around.

    Raises:
        ConfigError: the name or the description is not usable.
    """

    name: str
    description: str
    text: str = ""
    criteria: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    file: Path | None = None
    source: str = "object"
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            named(self.name, 1)
            described(self.description, 1)
        except BrokenSkillError as error:
            msg = f"The skill {self.name[:80]!r} cannot be used: {error}."
            raise ConfigError(msg) from error

    @classmethod
    def load(cls, file: Path, source: str = "folder") -> Skill:
        """Read the manifest entry of a skill file.

        Raises:
            BrokenSkillError: it is no skill.
            ConfigError: it cannot be read.
        """
        parsed = parse(_content(file), file.parent.name)
        return cls(
            name=parsed.name,
            description=parsed.description,
            criteria=parsed.criteria,
            metadata=parsed.metadata,
            file=file,
            source=source,
            warnings=tuple(f"The skill {file}:{odd.line}: {odd}." for odd in parsed.warnings),
        )

    def instructions(self) -> str:
        """Read the instructions, as they are now.

        Raises:
            ConfigError: the file is gone or broken by now.
        """
        if self.file is None:
            return self.text.strip()
        try:
            return parse(_content(self.file), self.file.parent.name).body
        except BrokenSkillError as error:
            msg = f"The skill {self.file}:{error.line} is broken by now: {error}."
            raise ConfigError(msg) from error

    def references(self) -> list[str]:
        """Return the files that may be asked for, by relative path.

        Those that the instructions name, and all in `references`.
        """
        if self.file is None:
            return []
        text = self.instructions()
        listed = files.listing(self.file.parent)
        return [path for path in listed if path.startswith("references/") or path in text]

    def reference(self, path: str) -> Reference:
        """Read one of the `references`.

        Raises:
            ConfigError: there is no such file, or it is too large.
        """
        requested, available = path.strip().removeprefix("./"), self.references()
        if self.file is None or requested not in available:
            listed = ", ".join(available) or "none"
            msg = f"The skill {self.name!r} has no file {path[:200]!r} to read; it has: {listed}."
            raise ConfigError(msg)
        data = files.read(self.file.parent, requested)
        if not files.is_text(requested):
            return Reference(requested, image=data)
        return Reference(requested, text=data.decode("utf-8-sig", errors="replace"))


def _content(file: Path) -> bytes:
    return files.bounded(file.parent, file, files.TEXT)
