"""Call each configured model and the generator once, and say what works and what to do."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from gems_graph.errors import GemsError
from gems_graph.images import Store
from gems_graph.mini.artwork.render import Group, Scene, render
from gems_graph.models import open_chat
from gems_graph.nodes.probes import PROBES
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.roles import JUDGE, ModelSpec, Role
from gems_graph.state import ImageRef
from gems_graph.strategies import open_strategy

_COLOURS = ("red", "green", "blue")
_THINGS = ("star", "heart", "house")


@dataclass
class Finding:
    """What one model or generator can do; `remedies` say what to do where it cannot."""

    who: str
    name: str
    works: dict[str, bool | None] = field(default_factory=dict)
    seconds: float = 0.0
    remedies: list[str] = field(default_factory=list)
    fatal: bool = False


async def examine(settings: Settings, store: Store) -> list[Finding]:
    """Return a finding for each distinct model, and one for the generator.

    Args:
        settings: name the models.
        store: keeps the test pictures.
    """
    by_spec: dict[str, list[Role]] = {}
    strategy = open_strategy(settings.strategy)
    for role in (*strategy.all_roles, JUDGE):
        by_spec.setdefault(settings.model_for(role).model_dump_json(), []).append(role)
    sees = {module.role for module in strategy.nodes.values() if module.sees}
    jobs = [_chat(roles, sees, settings, store) for roles in by_spec.values()]
    return list(await asyncio.gather(*jobs, _generator(settings, store)))


async def _chat(
    roles: list[Role], sees: AbstractSet[Role], settings: Settings, store: Store
) -> Finding:
    """Show a model a picture nobody could guess, with one true and two false statements."""
    spec = settings.model_for(roles[0])
    finding = Finding(", ".join(roles), spec.mllm or "")
    ref, statements = await asyncio.to_thread(_puzzle, store)
    toolbox, probe = Toolbox(settings, store), PROBES[settings.probe]
    shown: dict[str, Any] = {"picture": ref, "side": settings.vision_max_side}
    try:
        answers = [
            await toolbox.ask(
                roles[0], probe.template, probe.form, logprobs=True, criterion=statement, **shown
            )
            for statement, _ in statements
        ]
    except GemsError as error:
        finding.works["text"], finding.fatal = False, True
        finding.remedies.append(str(error))
        return finding
    correct = [
        a.value.answer == expected for a, (_, expected) in zip(answers, statements, strict=True)
    ]
    replies = [answer.reply for answer in answers]
    finding.seconds = sum(reply.usage["seconds"] for reply in replies) / len(replies)
    finding.works = {
        "text": True,
        "vision": all(correct),
        "structured": _takes_schema(spec),
        "reasoning": any(reply.thought for reply in replies),
        "log-probabilities": any(reply.logprobs for reply in replies),
    }
    _advise(finding, must_see=not sees.isdisjoint({*roles} - {*settings.text_only}))
    return finding


def _advise(finding: Finding, *, must_see: bool) -> None:
    works, advise = finding.works, finding.remedies.append
    if not works["vision"]:
        finding.fatal = must_see
        advise(
            "It did not see a plain picture rightly: choose a vision model for roles that look, or "
            "name its roles, but the verifier, in `text_only`."
        )
    if works["structured"] is False:
        advise("Its server takes no JSON schema: answers are asked for as any JSON, or in words.")
    if not works["reasoning"]:
        advise("It shows no reasoning: the Refiner's rationale stands in for it.")
    if not works["log-probabilities"]:
        advise(
            "It gives no log-probabilities: p(yes) is not known, and select_by and tie_break "
            "go by passes."
        )


def _takes_schema(spec: ModelSpec) -> bool | None:
    """Tell whether the server took the JSON schema; None where none is sent."""
    chat = open_chat(spec)
    return "schema" not in chat.ladder.declined if chat.takes_extras else None


async def _generator(settings: Settings, store: Store) -> Finding:
    finding = Finding("generator", settings.generator)
    toolbox = Toolbox(settings, store)
    try:
        ref = await toolbox.generate("a red fish", settings.seed or 0)
    except GemsError as error:
        finding.works["picture"], finding.fatal = False, True
        finding.remedies.append(str(error))
        return finding
    finding.works["picture"] = True
    finding.seconds = toolbox.ledger["generator"]["seconds"]
    finding.remedies += ref.get("made", {}).get("notes", [])
    size, requested_size = (ref["width"], ref["height"]), settings.size_px
    if requested_size and size != requested_size:
        finding.remedies.append(
            f"It drew {size[0]} x {size[1]}, not {settings.size}: it may not take a size."
        )
    return finding


def _puzzle(store: Store) -> tuple[ImageRef, list[tuple[str, str]]]:
    """Draw one thing, and return it with statements and their right answers."""
    color, other_color = secrets.SystemRandom().sample(_COLOURS, 2)
    thing, other_thing = secrets.SystemRandom().sample(_THINGS, 2)
    pixels = render(Scene("plain", [Group(thing, color, size="big", cells=[(1, 1)])]))
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((480, 480), Image.Resampling.LANCZOS).save(buffer, "PNG")
    statements = [
        (f"Is there exactly one {color} {thing}?", "yes"),
        (f"Is there exactly one {other_color} {thing}?", "no"),
        (f"Is there exactly one {color} {other_thing}?", "no"),
    ]
    return store.put_image(buffer.getvalue()), statements
