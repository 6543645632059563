"""What a caller in Python gives, checked before anything is built: wrong things get a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gems_graph.errors import UsageError
from gems_graph.images import Store


def store_in(given: object) -> Store:
    """Return the store that was given; None: that of graphs by default.

    Raises:
        UsageError: it is no store.
    """
    if given is None:
        return Store.default()
    if isinstance(given, Store):
        return given
    msg = f"store takes a store of pictures, not {given!r:.80}: Store({given!r:.80})."
    raise UsageError(msg)


def check_players(given: object) -> None:
    """Make sure that chat models are named, or can be asked.

    Raises:
        UsageError: one is neither a name nor a LangChain chat model.
    """
    for player in given.values() if isinstance(given, Mapping) else [given]:
        if player is not None and not isinstance(player, str) and not hasattr(player, "ainvoke"):
            msg = (
                f"mllm takes a name such as 'openai:gpt-5', a LangChain chat model, or such by "
                f"role; not {player!r:.80}."
            )
            raise UsageError(msg)


def check_mapping(given: object, what: str) -> None:
    """Make sure that what was given is a mapping.

    Args:
        given: by a caller.
        what: it is called, and what it takes.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(given, Mapping):
        msg = f"{what}, not {given!r:.80}."
        raise UsageError(msg)


def check_callable(given: Any) -> None:
    """Make sure that events can be handed to what was given.

    Raises:
        UsageError: it cannot be called.
    """
    if not callable(given):
        msg = f"on_event takes a function of one event, not {given!r:.80}."
        raise UsageError(msg)
