"""Generators that have a chat model draw: who that is, known without opening them."""

from __future__ import annotations

import sys

from gems_graph import plugins
from gems_graph.settings.generator import GeneratorSpec
from gems_graph.settings.roles import ModelSpec


def chat_of(spec: GeneratorSpec) -> ModelSpec | None:
    """Return the chat model that a generator has draw, over the run's own; None: it asks none.

    That is what `chat_model(argument, spec)` beside its `open_backend` says.

    Raises:
        ConfigError: an option of it cannot have its value.
    """
    head, _, argument = spec.name.partition(":")
    opener = plugins.load("generators", head)
    module = sys.modules.get(getattr(opener, "__module__", ""))
    chat_model = getattr(module, "chat_model", None)
    model: ModelSpec | None = chat_model(argument, spec) if chat_model else None
    return model
