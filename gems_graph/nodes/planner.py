"""Planner: pick skills from the manifest, then write P_1 with them (Eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from gems_graph.errors import ConfigError, GeneratorError, UnreadableError
from gems_graph.models.answers import Answer, Form, plain
from gems_graph.prompting.verbatim import Faithful, faithful
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.picking import pick
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.skills import Skill
from gems_graph.state import Attempt, Criterion, State

_FILES = 4  # files of skills that may be read for one prompt


class Written(Form):
    """The first prompt."""

    prompt: str


class Applied(Form):
    """The first prompt, or the files of skills that the model wants to read first."""

    prompt: str = ""
    files: list[str] = Field(default=[], alias="read")


def _calls(work: Workload) -> int:
    """Count a call that picks skills, and one that writes with them or without."""
    settings = work.settings
    if settings.max_skills and not work.least:
        return 2
    return 1 if settings.max_skills or settings.enhance else 0


@module(
    part="plan", role="planner", reads=("prompt",), owes=("attempt",), doing="planning",
    calls=_calls, templates=("planner_select", "planner_apply", "planner_enhance"),
)  # fmt: skip
async def planner(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Write the first prompt; without a picked skill it is U itself (`enhance`: rewritten).

    A picked skill's own criteria go beside those of the request, marked as the skill's.
    """
    picked, notes, *_ = await pick(state["prompt"], toolbox)
    instructions = await toolbox.instructions([skill.name for skill in picked]) if picked else []
    readable = {each["name"] for each in instructions}
    skills = [skill for skill in picked if skill.name in readable]
    unreadable = [skill for skill in picked if skill.name not in readable]
    skill_notes = [f"The skill {skill.name!r} cannot be read any more." for skill in unreadable]
    result, file_notes = await _write(state["prompt"], skills, instructions, toolbox)
    restored = [f"Round 1: the prompt lost {text!r}; it was put back." for text in result.restored]
    thought = await toolbox.keep(result.thought)
    return {
        "skills": [skill.name for skill in skills],
        "skill_criteria": _criteria(skills) if toolbox.settings.skill_criteria else [],
        "notes": [*notes, *skill_notes, *file_notes, *restored],
        "attempt": Attempt(n=1, prompt=result.prompt, thought=thought, origin="planner"),
    }


async def _write(
    user_prompt: str, skills: Sequence[Skill], instructions: list[dict[str, Any]], toolbox: Toolbox
) -> tuple[Faithful, list[str]]:
    """Return P_1 with T_1, every string that the user quoted in it, and notes.

    Where nobody can read what the model wrote, P_1 is U.
    """
    writer = _SkilledWriter(toolbox, user_prompt, skills, instructions)
    if not (skills or toolbox.settings.enhance):
        return Faithful(user_prompt, "", []), []

    async def enhance(lost_quotes: list[str]) -> tuple[str, str]:
        answer = await toolbox.ask(
            "planner", "planner_enhance", Written, user_prompt=user_prompt, lost=lost_quotes
        )
        return plain(answer.value.prompt) or user_prompt, answer.thought

    try:
        write, keep = writer.write if skills else enhance, toolbox.settings.keep_quotes
        written = await faithful(write, user_prompt, keep=keep)
    except UnreadableError as error:
        note = f"The first prompt is the request as it stands. {error}"
        return Faithful(user_prompt, "", []), [*writer.notes, note]
    return written, writer.notes


class _SkilledWriter:
    """Writes P_1 with the picked skills; the model may ask for files of theirs once."""

    def __init__(
        self,
        toolbox: Toolbox,
        user_prompt: str,
        skills: Sequence[Skill],
        instructions: list[dict[str, Any]],
    ) -> None:
        self._toolbox, self._user_prompt = toolbox, user_prompt
        self._skills, self._instructions = skills, instructions
        self._references: list[dict[str, Any]] = []
        self._files = [file for each in instructions for file in each["files"]]
        self.notes: list[str] = []

    async def write(self, lost_quotes: list[str]) -> tuple[str, str]:
        answer = await self._ask(lost_quotes)
        if self._files and answer.value.files:
            await self._read_files(answer.value.files)
            self._files = []
            answer = await self._ask(lost_quotes)
        return plain(answer.value.prompt) or self._user_prompt, answer.thought

    async def _ask(self, lost_quotes: list[str]) -> Answer[Applied]:
        return await self._toolbox.ask(
            "planner",
            "planner_apply",
            Applied,
            user_prompt=self._user_prompt,
            skills=self._instructions,
            files=self._files,
            most_files=_FILES,
            references=self._references,
            lost=lost_quotes,
        )

    async def _read_files(self, requested: Sequence[str]) -> None:
        """Read the files that were asked for, as far as the picked skills have them."""
        for name in dict.fromkeys(requested[:_FILES]):
            owner, _, path = name.strip().partition("/")
            skill = next((skill for skill in self._skills if skill.name == owner), self._skills[0])
            path = path if skill.name == owner else name
            try:
                self._references.append(await self._toolbox.reference(skill, path))
            except (ConfigError, GeneratorError) as error:
                self.notes.append(f"The Planner asked for a file in vain. {error}")


def _criteria(skills: Sequence[Skill]) -> list[Criterion]:
    return [
        Criterion(question=question, source=f"skill:{skill.name}")
        for skill in skills
        for question in skill.criteria
    ]
