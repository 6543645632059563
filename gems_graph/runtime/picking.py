"""Which skills the Planner picks; it sees the manifest alone, never their instructions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from gems_graph.errors import UnreadableError
from gems_graph.models.answers import Form
from gems_graph.prompting.wording import counted
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.skills import Skill
from gems_graph.skills.shortlist import shortlist

_NAMED = 3  # unknown skills that a note names


class Picked(Form):
    """The Planner's choice of skills, by name."""

    skills: list[str]


class Choice(NamedTuple):
    """What the Planner picked.

    Attributes:
        skills: in the order of the manifest.
        notes: what went wrong on the way.
        unknown: names that it gave and no skill has.
        thought: the reasoning behind it, where the model shows any.
    """

    skills: list[Skill]
    notes: list[str]
    unknown: Sequence[str] = ()
    thought: str = ""


async def pick(user_prompt: str, toolbox: Toolbox) -> Choice:
    """Let the Planner pick skills, `max_skills` at most; none where its answer cannot be read."""
    settings = toolbox.settings
    if not settings.max_skills:
        return Choice([], [])
    skills = await toolbox.skills()
    notes = [*skills.notes, *skills.problems]
    if not skills.manifest:
        return Choice([], notes)
    budget = settings.manifest_tokens
    candidates = await asyncio.to_thread(shortlist, skills.manifest, user_prompt, budget)
    if (omitted := len(skills.manifest) - len(candidates)) > 0:
        notes.append(
            f"Over manifest_tokens={budget}: the Planner did not see {counted(omitted, 'skill')}."
        )
    try:
        answer = await toolbox.ask(
            "planner", "planner_select", Picked,
            user_prompt=user_prompt, skills=candidates, max_skills=settings.max_skills,
        )  # fmt: skip
    except UnreadableError as error:
        return Choice([], [*notes, f"No skill was picked. {error}"])
    found = {name: skills.find(name, candidates) for name in answer.value.skills}
    unknown = [name for name, skill in found.items() if skill is None and not _means_none(name)]
    picked = {skill.name: skill for skill in found.values() if skill}
    best_first = list(picked.values())[: settings.max_skills]
    in_order = sorted(best_first, key=candidates.index)
    return Choice(in_order, notes + _not_there(unknown), unknown, answer.thought)


def _means_none(name: str) -> bool:
    return name.strip().casefold() in {"", "none", "null"}


def _not_there(names: Sequence[str]) -> list[str]:
    """Say in one note which skills were asked for and do not exist."""
    if not names:
        return []
    listed = ", ".join(f"{name[:80]!r}" for name in names[:_NAMED])
    if len(names) == 1:
        return [f"The Planner asked for a skill {listed}, which does not exist."]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"The Planner asked for skills that do not exist: {listed}{more}."]
