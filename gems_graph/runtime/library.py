"""Skills, their files and long reasoning, as nodes read and store them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from gems_graph.images import Store
from gems_graph.settings import Settings
from gems_graph.skills import Skill, Skills
from gems_graph.state import Round, Thought


class Library:
    """The skills on disk and the texts in the store, read off the event loop.

    Args:
        settings: name the folders of skills.
        store: where long texts go.
        skills: made by the caller.
    """

    def __init__(self, settings: Settings, store: Store, skills: Sequence[Skill] = ()) -> None:
        self.settings, self.store = settings, store
        self._skills = skills

    async def skills(self) -> Skills:
        """Return the skills that may be used, as they are on disk now, their manifest read.

        Raises:
            ConfigError: a folder or a skill that the settings name is not there.
        """
        dials = self.settings
        return await asyncio.to_thread(
            lambda: Skills(
                dials.skills, self._skills, local=dials.local_skills, only=dials.only_skills
            )
        )

    async def instructions(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return `name`, `instructions` and `files` of picked skills (`state["skills"]`).

        In the order of the names; a skill that is gone or broken by now is left out.
        """
        skills = await self.skills()
        return await asyncio.to_thread(skills.instructions, names)

    async def reference(self, skill: Skill, path: str) -> dict[str, Any]:
        """Read a file that a skill refers to, for a prompt: `name`, and `text` or `image`.

        Raises:
            ConfigError: there is no such file, or it is too large.
            GeneratorError: it is to be a picture, and is none.
        """
        file = await asyncio.to_thread(skill.reference, path)
        image = None
        if file.image is not None:
            image = await asyncio.to_thread(self.store.put_image, file.image)
        return {"name": f"{skill.name}/{file.path}", "text": file.text, "image": image}

    async def keep(self, thought: str) -> Thought:
        """Put reasoning into a form that state can hold."""
        return await asyncio.to_thread(self.store.put_thought, thought)

    async def recall(self, rounds: Sequence[Round]) -> list[str]:
        """Return the whole reasoning of each round, T_1 to T_i."""
        return await asyncio.to_thread(
            lambda: [self.store.thought(round_["thought"]) for round_ in rounds]
        )
