"""All skills there are, by name, as of now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.skills.folders import Source, skill_files, sources
from gems_graph.skills.names import near, slug
from gems_graph.skills.parsed import BrokenSkillError
from gems_graph.skills.skill import Skill


class Skills:
    """Skills by name: packaged, the user's, the project's, those of named folders, objects.

    A later one wins over one of the same name before it.

    Args:
        folders: named on purpose; each holds one folder per skill, or is a skill's own.
        objects: skills made in code.
        local: also look in `~/.config/gems/skills` and `.gems/skills`.
        only: names of those to use; None: all.

    Attributes:
        manifest: every usable skill, sorted by name.
        problems: broken skills, each with file, line and remedy.
        notes: what else to know: what is odd about a skill in use, and that a project's skills are
            somebody else's text.

    Raises:
        ConfigError: a named folder or skill does not exist.
    """

    def __init__(
        self,
        folders: Iterable[str | Path] = (),
        objects: Iterable[Skill] = (),
        *,
        local: bool = True,
        only: Iterable[str] | None = None,
    ) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._by_slug: dict[str, Skill] = {}
        for source in sources(folders, local=local):
            self._add(source)
        for skill in objects:
            self._by_slug[slug(skill.name)] = skill
        if only is not None:
            self._by_slug = {slug(name): self._named(name) for name in only}
        self.manifest = [self._by_slug[key] for key in sorted(self._by_slug)]
        self.notes += [warning for skill in self.manifest for warning in skill.warnings]

    def _named(self, name: str) -> Skill:
        """Return a skill by its name.

        Raises:
            ConfigError: there is none.
        """
        if skill := self._by_slug.get(slug(name)):
            return skill
        names = ", ".join(sorted(skill.name for skill in self._by_slug.values()))
        msg = f"There is no skill {name!r}; there are {names}."
        raise ConfigError(msg)

    def _add(self, source: Source) -> None:
        source_skills: dict[str, Skill] = {}
        for file in self._files(source.folder):
            if (skill := self._load(file, source.kind)) is None:
                continue
            if twin := source_skills.get(slug(skill.name)):
                self.problems.append(
                    f"The skill {file} is left out: {twin.file} has the same name; rename one."
                )
            else:
                source_skills[slug(skill.name)] = skill
        self._by_slug |= source_skills
        if source_skills and source.kind == "project":
            names = ", ".join(sorted(skill.name for skill in source_skills.values()))
            self.notes.append(f"Skills of this project, {source.folder}, are in use: {names}.")

    def _files(self, folder: Path) -> list[Path]:
        try:
            return skill_files(folder)
        except OSError as error:
            self.problems.append(
                f"The skills in {folder} are left out: {error.strerror}; make it readable."
            )
            return []

    def _load(self, file: Path, kind: str) -> Skill | None:
        try:
            state = file.stat()
            return _loaded(file, kind, state.st_mtime_ns, state.st_size, state.st_ino)
        except BrokenSkillError as error:
            self.problems.append(f"The skill {file}:{error.line} is left out: {error}.")
        except ConfigError as error:
            self.problems.append(f"The skill {file} is left out: {error}")
        except OSError as error:
            self.problems.append(f"The skill {file} is left out: {error.strerror}; mend it.")
        return None

    def find(self, name: str, among: Sequence[Skill] | None = None) -> Skill | None:
        """Return the skill that a model means by a name, also a slightly wrong one; None: none."""
        by_name = {skill.name: skill for skill in (self.manifest if among is None else among)}
        match = near(name, list(by_name))
        return by_name[match] if match else None

    def instructions(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return `name`, `instructions` and `files` of skills, as far as they can be read now.

        Files are named `SKILL/PATH`, so that those of several skills are told apart.
        """
        entries = []
        for skill in (self._by_slug.get(slug(name)) for name in names):
            try:
                if skill:
                    files = [f"{skill.name}/{path}" for path in skill.references()]
                    text = skill.instructions()
                    entries.append({"name": skill.name, "instructions": text, "files": files})
            except ConfigError as error:
                self.problems.append(str(error))
        return entries


@lru_cache(maxsize=4096)
def _loaded(file: Path, kind: str, *_version: int) -> Skill:
    """Read a skill file, once for each version of it: a run may look at a thousand."""
    return Skill.load(file, kind)
