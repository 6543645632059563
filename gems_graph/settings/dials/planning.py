"""Strategy, skills and prompt templates."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import BeforeValidator, Field

from gems_graph.settings.dials.base import Dials


def _folders(value: object) -> object:
    return value.split(os.pathsep) if isinstance(value, str) else value


def _names(value: object) -> object:
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


class PlanningDials(Dials):
    """Strategy, skills and prompt templates."""

    strategy: str = Field(
        default="gems",
        min_length=1,
        description="How pictures are made: `gems`, the paper's, or what it is compared with; "
        "`gems strategies` lists them.",
    )
    max_skills: int = Field(default=1, ge=0, le=8, description="Skills the Planner may pick.")
    enhance: bool = Field(
        default=False,
        description="The Planner rewrites the request lightly also when no skill is picked (the "
        "other reading of section 3.1).",
    )
    keep_quotes: bool = Field(
        default=True,
        description="A prompt that lost text which the request quotes is asked for again, then "
        "mended in code; off: it is drawn as it is.",
    )
    only_skills: Annotated[list[str] | None, BeforeValidator(_names)] = Field(
        default=None,
        description="Names of the skills that the Planner may pick from; none: from all.",
    )
    skills: Annotated[list[str], BeforeValidator(_folders)] = Field(
        default=[], description="Folders of more skills; a later one wins over a name before it."
    )
    local_skills: bool = Field(
        default=True,
        description="Also use the skills in ~/.config/gems/skills and in .gems/skills of the "
        "project.",
    )
    skill_criteria: bool = Field(
        default=True, description="Picked skills may add criteria of their own."
    )
    manifest_tokens: int = Field(
        default=4000,
        ge=100,
        le=1_000_000,
        description="Names and descriptions of skills shown to the Planner, in tokens at most; of "
        "more, those that fit the request best.",
    )
    prompts: str | None = Field(
        default=None, description="Folder whose prompt templates override the packaged ones."
    )
