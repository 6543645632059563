"""What is checked of a node before and after it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Overwrite
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from gems_graph.errors import ConfigError
from gems_graph.private_hooks import has_checkpointer
from gems_graph.runtime.module import Module
from gems_graph.settings import Settings
from gems_graph.state import State

SPECIAL = ("variations", "edit")
"""Dials that mean something to some strategies alone."""
_UPDATE: TypeAdapter[Any] = TypeAdapter(
    with_config(ConfigDict(strict=True, extra="forbid"))(State),
)


def check_filled(module: Module, state: State) -> None:
    """Make sure that a module finds what it reads.

    Raises:
        TypeError: it is wired before the module that gives it.
    """
    if missing := [channel for channel in module.reads if not state.get(channel)]:
        msg = (
            f"The node {module.name!r} reads {missing[0]!r}, which no node before it has given: "
            "wire it behind one that does."
        )
        raise TypeError(msg)


def check(module: Module, update: Any) -> None:
    """Make sure that a module returned what it owes, with values of the right types.

    LangGraph would drop unknown keys in silence, and store bad values.

    Raises:
        TypeError: it did not.
    """
    if not isinstance(update, Mapping):
        msg = f"The node {module.name!r} returned {update!r:.100}, not an update of State."
        raise TypeError(msg)
    values = {k: v.value if isinstance(v, Overwrite) else v for k, v in update.items()}
    try:
        _UPDATE.validate_python(values)
    except ValidationError as error:
        msg = f"The node {module.name!r} returned an update that is not of State: {error}"
        raise TypeError(msg) from error
    if "stop" in update or "failed" in update:
        return
    for channel in module.owes:
        if not update.get(channel):
            msg = (
                f"The node {module.name!r} returned no {channel!r}, without which the loop cannot "
                "go on."
            )
            raise TypeError(msg)


def check_dials(
    settings: Settings,
    pauses: Collection[str],
    honours: Collection[str],
    config: RunnableConfig | None,
) -> None:
    """Make sure, before anything is paid, that a strategy does what settings want of it.

    Args:
        settings: in effect.
        pauses: points at which it can ask a person.
        honours: dials of `SPECIAL` that mean something to it.
        config: of the run.

    Raises:
        ConfigError: it does not, or the run cannot wait for a person.
    """
    _check_honoured(settings, honours)
    if settings.pause != "never":
        _check_pause(settings, pauses)
        _need_checkpointer(config)


def _check_honoured(settings: Settings, honours: Collection[str]) -> None:
    for name in SPECIAL:
        value, default = getattr(settings, name), Settings.model_fields[name].default
        if value != default and name not in honours:
            words = str(default).lower()
            msg = (
                f"The strategy {settings.strategy!r} knows no `{name}`: leave it out ({name}="
                f"{words}), or take strategy=gems."
            )
            raise ConfigError(msg)


def _check_pause(settings: Settings, pauses: Collection[str]) -> None:
    """Make sure that a strategy can ask a person where the settings want it to.

    Raises:
        ConfigError: it cannot.
    """
    points = {"criteria", "verdicts"} if settings.pause == "both" else {settings.pause} - {"never"}
    if missing := points - {*pauses}:
        msg = f"The strategy {settings.strategy!r} cannot pause for {min(missing)}: pause='never'."
        raise ConfigError(msg)


def _need_checkpointer(config: RunnableConfig | None) -> None:
    """Make sure, before anything is paid, that the run has a checkpointer to wait with.

    Raises:
        ConfigError: it has none.
    """
    if not has_checkpointer(config):
        msg = (
            "`pause` needs a checkpointer, which keeps the run while it waits: "
            "build_graph(pause=..., checkpointer=...), invoked with a thread_id; or pause='never'."
        )
        raise ConfigError(msg)
