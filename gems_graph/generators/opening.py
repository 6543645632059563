"""Open a generator by its name, and check that it takes what is asked of it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Collection
from typing import Any, Literal

from gems_graph import plugins
from gems_graph.errors import ConfigError
from gems_graph.generators.adapting import generator_of
from gems_graph.generators.checking import on_grid
from gems_graph.generators.protocol import Generator, capabilities_of, edits_of
from gems_graph.generators.urls import split
from gems_graph.prompting.wording import counted
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.notes import known_notes
from gems_graph.settings.objects import refuse_object
from gems_graph.settings.servers import check_server


def open_generator(spec: str | GeneratorSpec) -> Generator:
    """Open a generator anew: ours by the name of its file, or a plugin's, `NAME[:ARGUMENT]`.

    Raises:
        ConfigError: nobody knows the name, it is an object of the caller, its package is missing,
            or it takes no such option.
    """
    spec = GeneratorSpec(name=spec) if isinstance(spec, str) else spec
    refuse_object(spec.name, "generator")
    check_servers(spec)
    name = f"http:{spec.name}" if re.match(r"https?://", spec.name) else spec.name
    head, _, argument = name.partition(":")
    opener = plugins.load("generators", head)
    if opener is None:
        msg = (
            f"There is no generator {spec.name!r}; use `mini`, `http:URL`, "
            "`openai:MODEL`, `chat:MODEL`, `gemini:MODEL`, `comfyui:WORKFLOW` or an installed "
            "plugin's."
        )
        raise ConfigError(msg)
    if _takes_spec(opener):
        opened = opener(argument, spec)
    elif spec.options or spec.url:
        msg = f"The generator {spec.name!r} takes neither options nor an address: leave them out."
        raise ConfigError(msg)
    else:
        opened = opener(argument)
    generator = generator_of(opened)
    check_request(spec, generator)
    return generator


def notes_on(spec: GeneratorSpec) -> str:
    """Return how a generator likes to be addressed, without opening it.

    That is `NOTES` beside its `open_backend`, or what is known of the model that it is named by.
    """
    opener = plugins.load("generators", spec.name.partition(":")[0])
    module = sys.modules.get(getattr(opener, "__module__", ""))
    return getattr(module, "NOTES", None) or known_notes(spec.name) or ""


def check_servers(spec: GeneratorSpec) -> None:
    """Make sure, whenever it is used, that the host allows the server of a generator.

    Raises:
        ConfigError: it does not.
    """
    named = re.search(r"https?://.*", spec.name, re.IGNORECASE | re.DOTALL)
    for url in split(f"{spec.url or ''} {named[0] if named else ''}"):
        check_server(url)


def check_request(
    spec: GeneratorSpec, generator: Generator, size: tuple[int, int] | None = None
) -> None:
    """Make sure, before anything is paid, that a generator takes the options and the size.

    Args:
        spec: holds the options.
        generator: declares what it takes.
        size: asked for, as (width, height) in pixels.

    Raises:
        ConfigError: it takes no such option, no size, or not this one.
    """
    capabilities = capabilities_of(generator)
    check_options(spec, capabilities.options)
    if size and not capabilities.sizes:
        msg = f"The generator {spec.name!r} takes no size; leave out `size`."
        raise ConfigError(msg)
    if size and any(side % capabilities.grid for side in size):
        near = "x".join(str(on_grid(side, capabilities.grid)) for side in size)
        msg = (
            f"The generator {spec.name!r} draws sizes in multiples of {capabilities.grid}: "
            f"set size={near}."
        )
        raise ConfigError(msg)


def check_pictures(name: str, capabilities: Capabilities, pictures: int, *, edit: bool) -> None:
    """Make sure, before anything is paid, that a generator takes the pictures it will be given.

    Args:
        name: of the generator.
        capabilities: that it declares.
        pictures: of the user's, to go by.
        edit: whether it is also given the picture of the round before, to change.

    Raises:
        ConfigError: it takes none, not so many, or draws nothing without one.
    """
    most = capabilities.edits
    if edits_of(capabilities) == "only" and not pictures:
        msg = (
            f"The generator {name!r} only changes pictures: give it one to begin with (--image "
            "FILE, or `images`), or name one that draws from text alone."
        )
        raise ConfigError(msg)
    if (pictures or edit) and not most:
        remedy = "leave out `images` (--image)" if pictures else "set edit=false"
        msg = (
            f"The generator {name!r} takes no pictures to go by or to edit: {remedy}, or name one "
            "that does (`gems generators` lists what each can do)."
        )
        raise ConfigError(msg)
    if pictures > most:
        msg = (
            f"The generator {name!r} takes {counted(most, 'picture')} at a time, not {pictures}: "
            "give fewer `images` (--image)."
        )
        raise ConfigError(msg)


def check_options(spec: GeneratorSpec, supported: Collection[str] | Literal["any"]) -> None:
    """Make sure that a generator takes the options of its spec.

    Args:
        spec: holds the options.
        supported: names of those that it takes; "any" where it hands them on.

    Raises:
        ConfigError: it takes no such option.
    """
    if supported == "any":
        return
    if unsupported := sorted(name for name in spec.options if name not in supported):
        remedy = f"it takes {', '.join(sorted(supported))}" if supported else "it takes none"
        msg = f"The generator {spec.name!r} takes no option {unsupported[0]!r}; {remedy}."
        raise ConfigError(msg)


def _takes_spec(opener: Callable[..., Any]) -> bool:
    """Tell whether an opener takes `(argument, spec)`; older plugins' take the argument alone."""
    try:
        parameters = inspect.signature(opener).parameters.values()
    except (TypeError, ValueError):  # written in C
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) < 2:
        return any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return positional[1].name == "spec" or positional[1].default is positional[1].empty
