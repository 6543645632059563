"""Which dials a picture remembers, and may set again when it is repeated: none that opens anything.

What names a server, a file, a model or a body of a request never travels with a picture, nor what
bounds or spends money or asks a person: the file may come from anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

from gems_graph.errors import ConfigError, UsageError
from gems_graph.settings.dials.calls import CallDials
from gems_graph.settings.dials.caps import CapDials
from gems_graph.settings.settings import Settings

_WORDS = {"size", "ratio", "negative", "strategy"}
"""Dials of free text that say what is drawn."""
_HOW_IT_RUNS = {"pause", "picture_format", "metadata", "generator_price", "generator_concurrency"}
_PLAIN = (int, float, bool, type(None))


@cache
def repeatable() -> frozenset[str]:
    """Return the names of the dials that a picture carries: numbers, switches, choices, words."""
    left_out = {*CapDials.model_fields, *CallDials.model_fields, *_HOW_IT_RUNS}
    fields = Settings.model_fields.items()
    return frozenset(
        name
        for name, field in fields
        if name not in left_out and (name in _WORDS or _is_plain(field.annotation))
    )


def carried_dials(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some settings that a picture carries."""
    return {name: value for name, value in settings.items() if name in repeatable()}


def taken_dials(found: object, where: str) -> dict[str, Any]:
    """Return the dials that a picture sets, checked; what may not travel with one is left out.

    Args:
        found: what stands in the file.
        where: the file, for messages.

    Raises:
        UsageError: a value is none that the dial can have.
    """
    dials = carried_dials(found) if isinstance(found, Mapping) else {}
    try:
        Settings.model_validate(dials)
    except ConfigError as error:
        msg = f"{where} holds settings that cannot be: {error} Name a picture of this release."
        raise UsageError(msg) from error
    return dials


def _is_plain(annotation: object) -> bool:
    if get_origin(annotation) is Literal or annotation in _PLAIN:
        return True
    inner = get_args(annotation)
    return bool(inner) and all(each in _PLAIN or get_origin(each) is Literal for each in inner)
