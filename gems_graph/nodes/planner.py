"""Planner: pick skills from the manifest, then write P_1 with them (Eq. 1)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from gems_graph.errors import ConfigError, GeneratorError
from gems_graph.models.answers import Answer, Form, plain
from gems_graph.prompting.verbatim import Faithful, faithful
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.skills import Skill
from gems_graph.skills.shortlist import shortlist
from gems_graph.state import Attempt, Criterion, State

_FILES = 4  # files of skills that may be read for one prompt


class Picked(Form):
    """The Planner's choice of skills, by name."""

    skills: list[str]


class Written(Form):
    """The first prompt."""

    prompt: str


class Applied(Form):
    """The first prompt, or the files of skills to be seen before it can be written."""

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
    picked, notes = await _pick(state["prompt"], toolbox)
    told = await toolbox.instructions([skill.name for skill in picked]) if picked else []
    names = {each["name"] for each in told}
    used = [skill for skill in picked if skill.name in names]
    gone = [f"The skill {s.name!r} cannot be read any more." for s in picked if s not in used]
    written, more = await _write(state["prompt"], used, told, toolbox)
    back = [f"Round 1: the prompt lost {text!r}; it was put back." for text in written.restored]
    thought = await toolbox.keep(written.thought)
    return {
        "skills": [skill.name for skill in used],
        "skill_criteria": _criteria(used) if toolbox.settings.skill_criteria else [],
        "notes": [*notes, *gone, *more, *back],
        "attempt": Attempt(n=1, prompt=written.prompt, thought=thought, origin="planner"),
    }


async def _pick(user_prompt: str, toolbox: Toolbox) -> tuple[list[Skill], list[str]]:
    """Return the picked skills in a stable order, and notes on what was not as it should be."""
    settings = toolbox.settings
    if not settings.max_skills:
        return [], []
    skills = await toolbox.skills()
    notes = [*skills.notes, *skills.problems]
    if not skills.manifest:
        return [], notes
    budget = settings.manifest_tokens
    shown = await asyncio.to_thread(shortlist, skills.manifest, user_prompt, budget)
    if (left := len(skills.manifest) - len(shown)) > 0:
        notes.append(f"{left} skills over manifest_tokens={budget} were not shown to the Planner.")
    answer = await toolbox.ask(
        "planner", "planner_select", Picked,
        user_prompt=user_prompt, skills=shown, max_skills=settings.max_skills,
    )  # fmt: skip
    picked: dict[str, Skill] = {}
    for name in answer.value.skills:
        if skill := skills.find(name, shown):
            picked[skill.name] = skill
        elif name.strip().casefold() not in {"", "none", "null"}:
            notes.append(f"The Planner asked for a skill {name!r}, which does not exist.")
    best_first = list(picked.values())[: settings.max_skills]
    return sorted(best_first, key=shown.index), notes


async def _write(
    user_prompt: str, used: Sequence[Skill], told: list[dict[str, Any]], toolbox: Toolbox
) -> tuple[Faithful, list[str]]:
    """Return P_1 with T_1, and notes; nothing that the user quoted is lost on the way."""
    if used:
        applying = _Applying(toolbox, user_prompt, used, told)
        return await faithful(applying.write, user_prompt), applying.notes
    if not toolbox.settings.enhance:
        return Faithful(user_prompt, "", []), []

    async def enhance(lost: list[str]) -> tuple[str, str]:
        answer = await toolbox.ask(
            "planner", "planner_enhance", Written, user_prompt=user_prompt, lost=lost
        )
        return plain(answer.value.prompt) or user_prompt, answer.thought

    return await faithful(enhance, user_prompt), []


class _Applying:
    """Writes P_1 with the picked skills; may look into their files, once."""

    def __init__(
        self,
        toolbox: Toolbox,
        user_prompt: str,
        used: Sequence[Skill],
        told: list[dict[str, Any]],
    ) -> None:
        self._toolbox, self._user_prompt, self._used, self._told = toolbox, user_prompt, used, told
        self._references: list[dict[str, Any]] = []
        self._files = [file for each in told for file in each["files"]]
        self.notes: list[str] = []

    async def write(self, lost: list[str]) -> tuple[str, str]:
        answer = await self._ask(lost)
        if self._files and answer.value.files:
            await self._look(answer.value.files)
            self._files = []
            answer = await self._ask(lost)
        return plain(answer.value.prompt) or self._user_prompt, answer.thought

    async def _ask(self, lost: list[str]) -> Answer[Applied]:
        return await self._toolbox.ask(
            "planner",
            "planner_apply",
            Applied,
            user_prompt=self._user_prompt,
            skills=self._told,
            files=self._files,
            most_files=_FILES,
            references=self._references,
            lost=lost,
        )

    async def _look(self, wanted: Sequence[str]) -> None:
        """Read the files that were asked for, as far as the picked skills have them."""
        for name in dict.fromkeys(wanted[:_FILES]):
            owner, _, path = name.strip().partition("/")
            skill = next((skill for skill in self._used if skill.name == owner), self._used[0])
            path = path if skill.name == owner else name
            try:
                self._references.append(await self._toolbox.reference(skill, path))
            except (ConfigError, GeneratorError) as error:
                self.notes.append(f"The Planner asked for a file in vain. {error}")


def _criteria(used: Sequence[Skill]) -> list[Criterion]:
    return [
        Criterion(question=question, source=f"skill:{skill.name}")
        for skill in used
        for question in skill.criteria
    ]
