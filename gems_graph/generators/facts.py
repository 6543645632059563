"""What is recorded of how a picture was made, and what of the request its generator left out."""

from __future__ import annotations

import json
from typing import Any

from gems_graph.generators.protocol import Generator
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.settings.generator import Capabilities

_KEPT = 8_000  # characters of facts that a picture may carry through the state
_OPTIONAL = {"negative": "negative", "ratio": "ratios", "steps": "steps", "guidance": "guidance"}
"""Fields of a request by what a generator declares that can honour them."""


def honoured(request: GenerateRequest, capabilities: Capabilities) -> dict[str, Any]:
    """Return what a request asks for beside prompt, seed and size, as far as it can be had."""
    return {name: value for name, value in _asked(request).items() if _can(capabilities, name)}


def left_out(request: GenerateRequest, generator: Generator) -> list[str]:
    """Return a sentence for each thing asked for that a generator cannot honour."""
    return [
        f"The generator {generator.name!r} takes no `{name}`; it drew without."
        for name in _asked(request)
        if not _can(generator.capabilities, name)
    ]


def _asked(request: GenerateRequest) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in _OPTIONAL}
    return {name: value for name, value in values.items() if value not in ("", None)}


def _can(capabilities: Capabilities, name: str) -> bool:
    return bool(getattr(capabilities, _OPTIONAL[name]))


def facts_of(
    picture: Picture, request: GenerateRequest, generator: Generator, name: str, seconds: float
) -> dict[str, Any]:
    """Return where a picture comes from, as plain JSON: what the generator tells wins.

    Args:
        picture: drawn.
        request: that it was drawn for.
        generator: that drew it.
        name: of the generator in the settings.
        seconds: that it took.
    """
    told = json.loads(json.dumps(dict(picture.facts), default=str))
    if len(json.dumps(told)) > _KEPT:
        told = {"notes": ["The generator told more of the picture than is kept."]}
    notes = [*left_out(request, generator), *map(str, _list_in(told, "notes"))]
    return {
        "generator": name,
        "seed": request.seed,
        **honoured(request, generator.capabilities),
        "repeatable": generator.capabilities.repeatable,
        **told,
        "seconds": round(seconds, 3),
        **({"notes": notes} if notes else {}),
    }


def size_in(facts: dict[str, Any], request: GenerateRequest) -> tuple[int, int] | None:
    """Take out of facts the size that a picture should have; else the one that was asked for."""
    match _list_in(facts, "size"):
        case [int(width), int(height)]:
            return width, height
        case _:
            return request.size


def _list_in(facts: dict[str, Any], name: str) -> list[Any]:
    value = facts.pop(name, None)
    return value if isinstance(value, list) else []
