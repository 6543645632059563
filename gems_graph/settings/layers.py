"""Where dials come from, and which source wins."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from gems_graph.errors import ConfigError
from gems_graph.settings.credentials import KIND
from gems_graph.settings.dials import Settings
from gems_graph.settings.presets import PRESETS
from gems_graph.settings.roles import split_variable

Layer = Settings | Mapping[str, Any] | None


def merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return two layers as one; roles and prices merge entry by entry."""
    merged = {**low, **high}
    for name in ("roles", "prices"):
        if name in low and name in high:
            merged[name] = {**low[name], **high[name]}
    return merged


def explicit(source: Layer) -> dict[str, Any]:
    """Return the dials that a source sets on purpose, its preset spelled out."""
    if isinstance(source, Settings):
        dials = source.model_dump(include=source.model_fields_set)
    else:
        dials = dict(source or {})
    return {**PRESETS.get(str(dials.get("preset")), {}), **dials}


def ours(context: object) -> Layer:
    """Return a run's context if it holds our dials; a parent graph's own object does not."""
    if isinstance(context, Settings):
        return context
    if isinstance(context, Mapping) and context.keys() <= Settings.model_fields.keys():
        return context
    return None


def settle(*layers: Layer) -> Settings:
    """Merge layers of dials, later ones first in rank, over the defaults.

    Raises:
        ConfigError: a value is out of bounds or of the wrong type.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = merge(merged, explicit(layer))
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_in_words(error)) from error


def from_env(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the dials that `GEMS_*` variables set; empty ones set nothing.

    `GEMS_MLLM_VERIFIER` names the model of a role, `GEMS_MLLM_VERIFIER_URL`, `_TEMPERATURE`
    and `_MAX_TOKENS` its options.
    """
    dials: dict[str, Any] = {}
    for key, value in environ.items():
        name = key.removeprefix("GEMS_")
        if name == key or not value:
            continue
        if name.lower() in Settings.model_fields:
            dials[name.lower()] = _value(name.lower(), value)
        elif part := split_variable(name):
            role, option = part
            dials.setdefault("roles", {}).setdefault(role, {})[option] = value
    return dials


def from_file(file: Path) -> dict[str, Any]:
    """Return the dials that a TOML file sets.

    Raises:
        ConfigError: the file cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        msg = f"Cannot read the settings in {file}: {error}."
        raise ConfigError(msg) from error


def _value(name: str, text: str) -> Any:
    """Read a structured dial from JSON; others are left to validation."""
    if name not in {"roles", "prices", "extra_body"}:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f"The setting {name} must be JSON: {error}."  # not its text: it may hold a key
        raise ConfigError(msg) from error


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "?"
    if first["type"] == "extra_forbidden":
        return f"There is no setting {name!r}; the settings are {', '.join(Settings.model_fields)}."
    if first["type"] == KIND:
        return f"The setting {'.'.join(map(str, first['loc']))} {first['msg']}"
    field = Settings.model_fields.get(name)
    choices = get_args(field.annotation) if field else ()
    hint = f" ({field.description})" if field and choices else ""
    shown = "" if "extra_body" in first["loc"] else f"={first['input']!r}"  # it may hold a key
    return f"The setting {name}{shown} is not valid: {first['msg']}{hint}."
