"""Split the models, generator and skills that a caller gives into settings and objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from gems_graph.calls.budget import Place
from gems_graph.generators import Generator, GeneratorSpec, adapt
from gems_graph.images import Store
from gems_graph.models import wrap
from gems_graph.prompting.sanitize import check_list
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.objects import named_object
from gems_graph.settings.roles import GEMS_ROLES, Role
from gems_graph.skills import Skill

Player = str | BaseChatModel
Players = Player | Mapping[str, Player]


def settings_and_toolbox(
    mllm: Players | None,
    generator: str | GeneratorSpec | Generator | None,
    store: Store,
    skills: Sequence[str | Path | Skill] | None = None,
    roles: Sequence[Role] = GEMS_ROLES,
    prompts: Path | None = None,
) -> tuple[dict[str, Any], MakeToolbox]:
    """Return names as settings, and objects as a function that makes toolboxes with them.

    Settings name objects, too, so that what is kept says who played.

    Args:
        mllm: chat models, by role or for all.
        generator: by name, with its options, or as whatever `adapt` takes.
        store: where pictures go.
        skills: folders or objects.
        roles: in play, as the strategy declares them.
        prompts: folder of the strategy's own templates.

    Raises:
        ConfigError: the generator is an object that cannot draw.
    """
    players = mllm if isinstance(mllm, Mapping) else {"default": mllm} if mllm else {}
    models = {r: wrap(player) for r, player in players.items() if not isinstance(player, str)}
    model_names = {
        role: named_object(models[role].name) if role in models else str(player)
        for role, player in players.items()
    }
    dials: dict[str, Any] = {}
    if "default" in model_names:
        dials["mllm"] = model_names.pop("default")
    if model_names:
        dials["roles"] = model_names
    if isinstance(generator, str):
        generator = GeneratorSpec(name=generator)
    if isinstance(generator, GeneratorSpec):
        dials |= generator.as_dials()
    given = None if generator is None or isinstance(generator, GeneratorSpec) else adapt(generator)
    if given:
        dials["generator"] = named_object(given.name)
    folders, objects = _split_skills(skills or ())
    if skills is not None:
        dials["skills"] = folders

    def make_toolbox(settings: Settings, place: Place) -> Toolbox:
        return Toolbox(
            settings, store,
            place=place, models=models, generator=given, skills=objects, roles=roles,
            prompts=prompts,
        )  # fmt: skip

    return dials, make_toolbox


def _split_skills(skills: Sequence[str | Path | Skill]) -> tuple[list[str], list[Skill]]:
    skills = check_list(skills, "skills takes a list of folders or skills")
    folders = [str(each) for each in skills if not isinstance(each, Skill)]
    return folders, [each for each in skills if isinstance(each, Skill)]
