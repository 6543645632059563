"""Messages for chat models, assembled from prompt templates and pictures of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import HumanMessage

from gems_graph.images import Store
from gems_graph.models.forms import Form, response_format
from gems_graph.models.ladder import ANY_OBJECT, OBJECT, SCHEMA, Extras
from gems_graph.prompting.templates import Part
from gems_graph.settings import Settings
from gems_graph.state import ImageRef

_UNSEEN = "(Here stands a picture, which you are not shown.)"


def in_words(parts: Sequence[Part]) -> list[Part]:
    """Return an assembled prompt without pictures, for a model that takes none."""
    return ["\n".join(part if isinstance(part, str) else _UNSEEN for part in parts)]


def message_of(parts: Sequence[Part], settings: Settings, store: Store) -> HumanMessage:
    """Return an assembled prompt as a message; reads files, so not on the event loop."""
    return HumanMessage(
        [
            {"type": "text", "text": part}
            if isinstance(part, str)
            else _picture(*part, settings, store)
            for part in parts
        ]
    )


def extras_of(form: type[Form], settings: Settings, *, logprobs: bool) -> Extras:
    """Return what only some servers take."""
    extras: dict[str, dict[str, Any]] = {}
    if logprobs and settings.logprobs == "auto":
        extras["logprobs"] = {"logprobs": True, "top_logprobs": 20}
    if settings.structured == "auto":
        extras[SCHEMA] = response_format(form)
    elif settings.structured == "json":
        extras[OBJECT] = ANY_OBJECT
    return extras


def _picture(ref: ImageRef, side: int | None, settings: Settings, store: Store) -> dict[str, str]:
    data, media_type = store.view(ref, side or settings.vision_max_side, settings.vision_format)
    return {"type": "image", "base64": data, "mime_type": media_type}
