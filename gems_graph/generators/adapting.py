"""Make a generator of whatever a caller draws with, or say at once why that cannot be."""

from __future__ import annotations

import inspect
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.function import HOW, FunctionGenerator, name_of
from gems_graph.generators.pipeline import PipelineGenerator, is_pipeline


def adapt(given: Any) -> FunctionGenerator:
    """Return an object as a generator: a function, async or not, a method, or a pipeline.

    Raises:
        ConfigError: it draws nothing, or cannot be called with a prompt; says how to write it.
    """
    if isinstance(given, FunctionGenerator):
        return given
    if isinstance(given, type):
        msg = f"The generator {given.__name__!r} is a class: give an object of it."
        raise ConfigError(msg)
    if not callable(given):
        msg = (
            f"A {type(given).__name__} draws nothing: give a name, a diffusers pipeline, or {HOW}."
        )
        raise ConfigError(msg)
    if inspect.isgeneratorfunction(given) or inspect.isasyncgenfunction(given):
        msg = f"The generator {name_of(given)!r} yields: {HOW}."
        raise ConfigError(msg)
    return (PipelineGenerator if is_pipeline(given) else FunctionGenerator)(given)
