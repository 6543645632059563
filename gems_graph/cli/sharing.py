"""Options that stand in one place and belong to several commands."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

from gems_graph.cli.options import (
    CONFIG,
    MODELS,
    PANELS,
    ROLE,
    SET,
    dial,
    given_options,
    pairs_in,
    roles_in,
    settings_file,
)
from gems_graph.settings import from_env

Command = Callable[..., None]
Said = TypeVar("Said")
Layers = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""Settings of the file, of the environment and of the command line; later ones win."""


def shares(name: str, options: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command the options of a function, whose result it gets as the argument `name`."""

    def with_them(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters
        shared = inspect.signature(options, eval_str=True).parameters

        @wraps(command)
        def called(**given: Any) -> None:
            said = options(**{each: given.pop(each) for each in shared})
            command(**given, **{name: said})

        del called.__wrapped__  # typer reads the options below, not those of the command
        kept = [option for each, option in own.items() if each != name] + [*shared.values()]
        called.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in kept}
        return called

    return with_them


def takes(*groups: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command the options of functions in the place of its `**given`: read them by `said`.

    The command itself is what typer calls: no function stands between.
    """

    def with_them(command: Command) -> Command:
        parameters = inspect.signature(command, eval_str=True).parameters.values()
        own = [each for each in parameters if each.kind is not inspect.Parameter.VAR_KEYWORD]
        shared = [option for group in groups for option in _options(group)]
        kept = sorted([*own, *shared], key=_rank)
        command.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in kept}
        return command

    return with_them


def said(group: Callable[..., Said], given: dict[str, Any]) -> Said:
    """Return what a group of options says, of all that were given."""
    return group(**{option.name: given[option.name] for option in _options(group)})


def _rank(option: inspect.Parameter) -> int:
    """Return the place of an option's panel in `--help`; those without one stand first."""
    panels = [getattr(each, "rich_help_panel", None) for each in option.annotation.__metadata__]
    return PANELS.index(panels[0]) if panels[0] in PANELS else -1


def _options(group: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(group, eval_str=True).parameters.values())


def drawing(
    mllm: Annotated[str | None, dial("mllm", "NAME", MODELS)] = None,
    mllm_url: Annotated[str | None, dial("mllm_url", "URL", MODELS)] = None,
    generator: Annotated[str | None, dial("generator", "NAME", MODELS)] = None,
    generator_url: Annotated[str | None, dial("generator_url", "URL[,URL]", MODELS)] = None,
    size: Annotated[str | None, dial("size", "WxH", MODELS)] = None,
    role: Annotated[list[str] | None, ROLE] = None,
    assignments: Annotated[list[str] | None, SET] = None,
    config: Annotated[Path | None, CONFIG] = None,
) -> Layers:
    """Return the settings of who draws and who looks, as far as they were given."""
    dials = given_options(
        mllm=mllm, mllm_url=mllm_url, generator=generator, generator_url=generator_url, size=size
    )
    said = {**pairs_in(assignments or []), **dials, **roles_in(role or [])}
    return settings_file(config), from_env(), said
