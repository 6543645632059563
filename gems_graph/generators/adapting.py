"""Make a generator of whatever a caller draws with, or say at once why that cannot be."""

from __future__ import annotations

import inspect
from inspect import iscoroutinefunction
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.function import HOW, FunctionGenerator, name_of
from gems_graph.generators.pipeline import PipelineGenerator, is_pipeline
from gems_graph.generators.protocol import Generator, capabilities_of
from gems_graph.generators.request import GenerateRequest, Picture


class CallableGenerator:
    """What an opener of the older form returned: `await f(prompt, seed=..., size=...)`.

    Args:
        given: takes a prompt, a seed and a size, and `progress` and `steps` if it declares them.
    """

    def __init__(self, given: Any) -> None:
        self.given, self.name = given, name_of(given)
        self.capabilities = capabilities_of(given)
        self.key_variable: str = getattr(given, "key_variable", "")

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw one picture."""
        more: dict[str, Any] = {}
        if self.capabilities.progress:
            more["progress"] = request.progress
        if self.capabilities.steps and request.steps:
            more["steps"] = request.steps
        data = await self.given(request.prompt, seed=request.seed, size=request.size, **more)
        return [Picture(data=data)]

    async def aclose(self) -> None:
        """Close what was opened, if it can be."""
        if aclose := getattr(self.given, "aclose", None):
            await aclose()


def generator_of(opened: Any) -> Generator:
    """Return what an opener opened as a generator.

    Raises:
        ConfigError: it draws as one, but lacks a part.
    """
    return opened if is_generator(opened) else CallableGenerator(opened)


def is_generator(given: Any) -> bool:
    """Tell whether an object draws as a `Generator` does, not merely when it is called.

    Raises:
        ConfigError: it does, but lacks a part.
    """
    if isinstance(given, type) or not iscoroutinefunction(getattr(given, "generate", None)):
        return False
    for part in ("name", "capabilities", "aclose"):
        if not hasattr(given, part):
            msg = (
                f"The generator {name_of(given)!r} lacks {part!r}: it needs a name, capabilities, "
                "`async generate(request)` and `async aclose()`."
            )
            raise ConfigError(msg)
    return True


def adapt(given: Any) -> Generator:
    """Return an object as a generator: a function, async or not, a method, or a pipeline.

    Raises:
        ConfigError: it draws nothing, or cannot be called with a prompt; says how to write it.
    """
    if is_generator(given):
        generator: Generator = given
        return generator
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
