"""Planner: pick skills from the manifest, then write P_1 with them (Eq. 1)."""

from __future__ import annotations

import asyncio
from typing import Any

from gems_graph.models.answers import Form, plain
from gems_graph.skills import Skill
from gems_graph.state import Attempt, State
from gems_graph.toolbox import Toolbox


class Picked(Form):
    """The Planner's choice of skills, by name."""

    skills: list[str]


class Written(Form):
    """The first prompt."""

    prompt: str


async def planner(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Write the first prompt; without a picked skill it is U itself, and T_1 is empty."""
    user_prompt = state["prompt"]
    picked, notes = await _pick(user_prompt, toolbox)
    prompt, thought = user_prompt, ""
    if picked:
        answer = await toolbox.ask(
            "planner",
            "planner_apply",
            Written,
            user_prompt=user_prompt,
            skills=[
                {"name": skill.name, "instructions": await asyncio.to_thread(skill.instructions)}
                for skill in picked
            ],
        )
        prompt, thought = plain(answer.value.prompt) or user_prompt, answer.thought
    return {
        "skills": [skill.name for skill in picked],
        "notes": notes,
        "attempt": Attempt(n=1, prompt=prompt, thought=await toolbox.keep(thought)),
    }


async def _pick(user_prompt: str, toolbox: Toolbox) -> tuple[list[Skill], list[str]]:
    """Return the picked skills, and notes on names that match none."""
    skills, most = await toolbox.skills(), toolbox.settings.max_skills
    if not most or not skills.manifest:
        return [], skills.problems
    answer = await toolbox.ask(
        "planner",
        "planner_select",
        Picked,
        user_prompt=user_prompt,
        skills=skills.manifest,
        max_skills=most,
    )
    picked: dict[str, Skill] = {}
    notes = list(skills.problems)
    for name in answer.value.skills:
        if skill := skills.find(name):
            picked[skill.name] = skill
        elif name.strip().casefold() not in {"", "none", "null"}:
            notes.append(f"The Planner asked for a skill {name!r}, which does not exist.")
    return list(picked.values())[:most], notes
