"""Models and generators made in Python: settings name them, so that a record says who played."""

from __future__ import annotations

from gems_graph.errors import ConfigError

_PREFIX = "python:"


def named_object(name: str) -> str:
    """Return how settings name an object of the caller."""
    return f"{_PREFIX}{name}"


def is_object(name: str | None) -> bool:
    """Tell whether settings name an object of the caller."""
    return bool(name) and str(name).startswith(_PREFIX)


def refuse_object(name: str | None, dial: str) -> None:
    """Refuse to open what only the program that made it can give.

    Args:
        name: as in the settings.
        dial: that names it: `mllm` or `generator`.

    Raises:
        ConfigError: it is an object of the caller.
    """
    if is_object(name):
        msg = (
            f"{name!r} was made in Python: it has options of its own, and only the program that "
            f"made it can use it. Give it to build_graph({dial}=...), or name another, for example "
            f"--set {dial}=NAME."
        )
        raise ConfigError(msg)
