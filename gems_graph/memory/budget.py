"""Fits the attempts into the budget of tokens and pictures; a part is shown whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gems_graph.memory.lengths import tokens
from gems_graph.memory.views import View
from gems_graph.settings import Settings

_TAGS = 15  # tokens of the marks around one piece of text
_EMPTY: View = {"thought": "", "verdicts": [], "experience": "", "prompt": "", "image": None}
_LIGHTER: tuple[tuple[str, ...], ...] = ((), ("thought",), ("thought", "verdicts"))


def fit(current: View, history: Sequence[View], settings: Settings) -> dict[str, Any]:
    """Show the newest in full, older ones with thumbnails, then as text, then not at all.

    What is too large loses its thought first, then its verdicts (the score stays). The current
    attempt keeps everything but its thought; of the best attempt at least the score is shown.

    Returns:
        What templates show: `current`, `history` oldest first, and how many are `left_out`.
    """
    without_thought = _without(current, "thought")
    current = next(_fitting(current, settings.history_tokens, _LIGHTER[:2]), without_thought)
    remaining = settings.history_tokens - weight(current)
    included: list[View] = []
    for view in reversed(history):
        lighter = next(_fitting(view, remaining, _LIGHTER), None)
        if lighter is None:  # older ones go as well: a memory without gaps
            break
        included.insert(0, lighter)
        remaining -= weight(lighter)
    dropped = history[: len(history) - len(included)]
    stubs = [_stub(view, remaining) for view in dropped if view["best"]]
    views = [*stubs, *_thumbnails(included, settings.history_pictures)]
    return {"current": current, "history": views, "left_out": len(dropped) - len(stubs)}


def weight(view: View) -> int:
    """Estimate the tokens of a view, pictures apart."""
    verdict_texts = [f"{verdict['question']} {verdict['evidence']}" for verdict in view["verdicts"]]
    texts = [view["prompt"], view["thought"], view["experience"], *verdict_texts]
    return sum(tokens(text) + _TAGS for text in texts if text)


def _fitting(view: View, room: int, forms: Sequence[Sequence[str]]) -> Iterator[View]:
    """Yield the forms of a view that fit, fullest first."""
    return (lighter for form in forms if weight(lighter := _without(view, *form)) <= room)


def _without(view: View, *parts: str) -> View:
    """Return a view with parts emptied, and their names in `left_out`."""
    dropped = [part for part in parts if view[part]]
    return {**view, **{part: _EMPTY[part] for part in dropped}, "left_out": " ".join(dropped)}


def _stub(view: View, room: int) -> View:
    """Return a view reduced to its score, with its prompt if there is room."""
    score = _without(view, "image", "thought", "verdicts", "experience")
    return score if weight(score) <= room else _without(view, *_EMPTY)


def _thumbnails(views: Sequence[View], limit: int) -> list[View]:
    """Return the views with pictures only in the newest `limit`."""
    first = max(0, len(views) - limit)
    return [{**view, "image": None} if k < first else view for k, view in enumerate(views)]
