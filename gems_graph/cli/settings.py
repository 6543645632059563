"""`gems settings`: every setting, and what it is now."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gems_graph.cli.options import CONFIG, choices, settings_file
from gems_graph.prompting.sanitize import printable
from gems_graph.settings import GROUPS, Settings, from_env, settle

_WRAP = textwrap.TextWrapper(
    80, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False
)


def settings(
    config: Annotated[Path | None, CONFIG] = None,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="Print one JSON object, by name.")
    ] = False,
) -> None:
    """List every setting in its group: name, value in effect, what it does.

    Values are those of the environment and of gems.toml; where one is not the default, that is
    named beside it.
    """
    current = settle(settings_file(config), from_env())
    if as_json:
        print(printable(json.dumps(_facts(current), ensure_ascii=False)))  # noqa: T201
        return
    for line in _lines(_facts(current)):
        print(printable(line))  # noqa: T201


def _facts(current: Settings) -> dict[str, dict[str, Any]]:
    """Return what there is to know of each setting, in the order of the groups."""
    values, defaults = current.model_dump(mode="json"), Settings().model_dump(mode="json")
    return {
        name: {
            "group": (group.__doc__ or "").partition("\n")[0].removesuffix("."),
            "value": values[name],
            "default": defaults[name],
            "choices": choices(field.annotation),
            "description": field.description,
        }
        for group in GROUPS
        for name, field in Settings.model_fields.items()
        if name in group.__annotations__
    }


def _lines(facts: dict[str, dict[str, Any]]) -> Iterator[str]:
    title = ""
    for name, fact in facts.items():
        if fact["group"] != title:
            yield from ([""] if title else [])
            title = fact["group"]
            yield from (title, "")
        changed = fact["value"] != fact["default"]
        default = f"    (default {_in_words(fact['default'])})" if changed else ""
        yield f"  {name} = {_in_words(fact['value'])}{default}"
        words = f" One of {', '.join(fact['choices'])}." if fact["choices"] else ""
        yield _WRAP.fill(f"{fact['description']}{words}")


def _in_words(value: object) -> str:
    """Return a value as `gems.toml` and `--set` take it; unset is `none`."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
