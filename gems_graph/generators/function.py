"""A function or a method, of any usual form, made a generator."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.protocol import capabilities_of
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.system.processes import renew_in_children

_OURS = {"seed", "size", "width", "height", "progress", "images", "instruction"}
"""What a call gives beside the prompt, to those whose signature has room for it."""
_NAMES = {
    "negative": ("negative", "negative_prompt"),
    "steps": ("steps", "num_inference_steps"),
    "guidance": ("guidance", "guidance_scale"),
    "images": ("images",),
    "instruction": ("instruction",),
}
"""What parameters are called that a request fills where it says anything of them."""
_PICTURES = 16  # to go by, at most
_SIDE = 1024  # pixels, where a function wants a width and a height and the settings name none
HOW = (
    "write `f(prompt)`, `f(prompt, seed)` or `async f(prompt, *, seed, size)` that returns encoded "
    "bytes, a PIL image or an array"
)


class FunctionGenerator:
    """A function as a generator: it is given what its signature has room for.

    One that is not async works in a thread of its own, a picture at a time: it may hold what takes
    no company, such as a model on a device.

    Args:
        function: of a prompt, and perhaps of a seed, a size or a width and a height, and options.
        options: given with every prompt.

    Raises:
        ConfigError: it cannot be called so; says how to write it.
    """

    def __init__(
        self, function: Callable[..., Any], options: Mapping[str, Any] | None = None
    ) -> None:
        self.name, self.given = name_of(function), function
        self._options = dict(options or {})
        self._parameters = _parameters(function, self.name)
        self._any = any(p.kind is p.VAR_KEYWORD for p in self._parameters.values())
        self._is_async = _is_async(function)
        declared = capabilities_of(function)
        sized = self._takes("size") or {"width", "height"} <= self._parameters.keys()
        self.capabilities = replace(
            declared,
            sizes=declared.sizes and sized,
            seeds=declared.seeds and self._takes("seed"),
            negative=bool(self._named("negative")),
            steps=bool(self._named("steps")),
            guidance=bool(self._named("guidance")),
            edits=_PICTURES if self._named("images") else 0,
            edits_only=self._needs("images"),
            progress=declared.progress and self._takes("progress"),
            options="any" if self._any else self._free(),
            concurrency=None if self._is_async else 1,
        )
        self._check()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Take a new thread; in a forked child there is none."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gems-draw")

    def with_options(self, options: Mapping[str, Any]) -> FunctionGenerator:
        """Return the same generator, thread and all, that gives these options as well."""
        other = type(self)(self.given, {**self._options, **options})
        other._thread = self._thread
        return other

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw one picture, in whichever form the function gives it."""
        positional, named = self._arguments(request)
        call = partial(self.given, *positional, **named)
        data = await (call() if self._is_async else self._in_thread(call))
        return [Picture(data=await data if inspect.isawaitable(data) else data)]

    async def aclose(self) -> None:
        """Do nothing: the function is the caller's."""

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._thread, context.run, call)

    def _arguments(self, request: GenerateRequest) -> tuple[list[str], dict[str, Any]]:
        """Return what is given by position and by name."""
        named: dict[str, Any] = dict(self._options)
        for field in _NAMES:
            if (value := getattr(request, field)) not in ("", None, ()) and (
                name := self._named(field)
            ):
                named[name] = value
        if self._takes("seed"):
            named["seed"] = request.seed
        if self._takes("size"):
            named["size"] = request.size
        elif request.size or self._needs("width") or self._needs("height"):
            width, height = request.size or (_SIDE, _SIDE)
            named |= {"width": width, "height": height}
        if self.capabilities.progress and self._takes("progress"):
            named["progress"] = request.progress
        if self._by_name("prompt"):
            return [], {**named, "prompt": request.prompt}
        return [request.prompt], named

    def _named(self, field: str) -> str:
        """Return what the function calls a field of a request; empty: it knows none."""
        return next((name for name in _NAMES[field] if self._by_name(name)), "")

    def _takes(self, name: str) -> bool:
        return self._any or self._by_name(name)

    def _by_name(self, name: str) -> bool:
        parameter = self._parameters.get(name)
        return parameter is not None and parameter.kind is not parameter.POSITIONAL_ONLY

    def _needs(self, name: str) -> bool:
        parameter = self._parameters.get(name)
        return parameter is not None and parameter.default is parameter.empty

    def _free(self) -> list[str]:
        """Return the names of parameters that nobody fills: options, most often with a default."""
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        filled = _OURS | ({"prompt"} if self._by_name("prompt") else {self._first()})
        return [n for n, p in self._parameters.items() if n not in filled and p.kind not in kinds]

    def _first(self) -> str:
        """Return the name of the first parameter that takes a value by position; empty: none."""
        by_position = (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.VAR_POSITIONAL,
        )
        return next((n for n, p in self._parameters.items() if p.kind in by_position), "")

    def _check(self) -> None:
        """Make sure, before anything is paid, that it can be called with a prompt.

        Raises:
            ConfigError: it takes none, or needs what nobody gives it.
        """
        if not (self._by_name("prompt") or self._any) and self._first() in {"", *_OURS}:
            msg = f"The generator {self.name!r} takes no prompt: {HOW}."
            raise ConfigError(msg)
        missing = [n for n in self._free() if self._needs(n) and n not in self._options]
        if missing:
            msg = (
                f"The generator {self.name!r} needs {missing[0]!r}, which nothing gives it: "
                f"functools.partial({self.name}, {missing[0]}=...), or {HOW}."
            )
            raise ConfigError(msg)


def name_of(given: object) -> str:
    """Return what to call an object: its own name, its function's, or its class's."""
    own = getattr(given, "name", None)
    if isinstance(own, str) and own:
        return own
    if isinstance(given, partial):
        return name_of(given.func)
    qualified = getattr(given, "__qualname__", None) or type(given).__name__
    return str(qualified).rpartition("<locals>.")[2]


def _parameters(function: Callable[..., Any], name: str) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError) as error:  # written in C
        msg = f"Nobody can tell what the generator {name!r} takes: wrap it, {HOW}."
        raise ConfigError(msg) from error


def _is_async(function: Any) -> bool:
    if isinstance(function, partial):
        return _is_async(function.func)
    called = getattr(function, "__call__", None)  # noqa: B004  # of an object's class
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
