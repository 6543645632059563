"""Generators that have a chat model draw: who that is, known without opening them."""

from __future__ import annotations

import sys

from gems_graph import plugins
from gems_graph.errors import ConfigError
from gems_graph.settings import Settings
from gems_graph.settings.generator import GeneratorSpec
from gems_graph.settings.roles import ILLUSTRATOR, ModelSpec


def chat_of(spec: GeneratorSpec) -> ModelSpec | None:
    """Return the chat model that a generator has draw, over the run's own; None: it asks none.

    That is what `chat_model(argument, spec)` beside its `open_backend` says; of a chain, the first
    that says anything.

    Raises:
        ConfigError: an option of it cannot have its value.
    """
    for each in spec.members:
        head, _, argument = each.name.partition(":")
        opener = plugins.load("generators", head)
        module = sys.modules.get(getattr(opener, "__module__", ""))
        if chat_model := getattr(module, "chat_model", None):
            model: ModelSpec = chat_model(argument, each)
            return model
    return None


def with_illustrator(settings: Settings, model: ModelSpec) -> Settings:
    """Return settings in which a model plays the illustrator, over the run's own.

    One of the same kind as the run's own, such as another `compat:MODEL`, is at the same server.
    """
    default = settings.model_for(ILLUSTRATOR)
    if model.mllm and not model.mllm_url and _kind(model) == _kind(default):
        model = model.model_copy(update={"mllm_url": default.mllm_url})
    return settings.model_copy(
        update={"roles": {**settings.roles, ILLUSTRATOR: model.over(default)}}
    )


def check_can_draw(model: ModelSpec) -> None:
    """Make sure that a chat model may know how to draw.

    Raises:
        ConfigError: it is the offline one.
    """
    if _kind(model) == "mini":
        msg = (
            "The generator svg has a chat model draw, and the offline one cannot: name another "
            "with --mllm, --role illustrator=MODEL or --generator svg:MODEL."
        )
        raise ConfigError(msg)


def _kind(model: ModelSpec) -> str:
    return (model.mllm or "").partition(":")[0]
