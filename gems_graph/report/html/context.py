"""What the Refiner and the Compressor were told, assembled again from what the trajectory keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from gems_graph.errors import ConfigError
from gems_graph.memory import best, compressor_context, refiner_context
from gems_graph.prompting.templates import as_text, prompts_in
from gems_graph.settings import Settings, settle
from gems_graph.state import State


class Told(NamedTuple):
    """What one role was told after a round, as text."""

    role: str
    round: int
    text: str


def told_models(state: Mapping[str, Any], thoughts: Sequence[str]) -> list[Told]:
    """Return what each Refiner and each Compressor of a GEMS trajectory was told.

    By the packaged templates, without the text of skills: a record may come from anybody, so none
    of the files that it names is read. Nothing where the templates were other ones, or where the
    settings are of another release.
    """
    kept = state.get("settings") or {}
    if kept.get("strategy", "gems") != "gems" or kept.get("prompts") or not kept:
        return []
    try:
        settings = settle(kept)
    except ConfigError:  # a dial that this release does not have
        return []
    count = len(state.get("criteria") or [])
    if any(len(round_["verdicts"]) != count for round_ in state.get("rounds") or []):
        return []
    return list(_told(cast(State, state), settings, thoughts))


def _told(state: State, settings: Settings, thoughts: Sequence[str]) -> Iterator[Told]:
    rounds = state.get("rounds") or []
    for k in range(1, len(rounds)):
        before = cast(State, {**state, "rounds": rounds[:k]})
        n, origin = rounds[k]["n"], rounds[k].get("origin")
        if settings.memory == "experience":
            values = compressor_context(before, settings, thoughts[:k])
            request = state["prompt"] if settings.compressor_request else ""
            words = {"user_prompt": request, "words": settings.experience_words}
            yield Told("Compressor", n - 1, _assembled("compressor", settings, {**values, **words}))
        if origin in ("refiner", "best"):
            focus = best(rounds[:k], settings.tie_break, settings.select_by)
            restart = focus if origin == "best" else None
            values = refiner_context(before, settings, thoughts[:k], restart)
            names = state.get("skills") or [] if settings.show_skills else []
            skills = [{"name": name, "instructions": "[its instructions]"} for name in names]
            more = {"user_prompt": state["prompt"], "skills": skills, "restart": bool(restart)}
            values = {**values, **more, "edit": settings.edit}
            yield Told("Refiner", n - 1, _assembled("refiner", settings, values))


def _assembled(task: str, settings: Settings, values: Mapping[str, Any]) -> str:
    notes = settings.generator_notes or ""
    parts = prompts_in().render(task, generator_notes=notes, lost=[], **values)
    return as_text(parts, settings.vision_max_side)
