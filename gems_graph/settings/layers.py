"""The sources of settings (environment, file, assignments, ...), and how they merge."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.settings.objects import is_object
from gems_graph.settings.presets import PRESETS
from gems_graph.settings.roles import split_variable
from gems_graph.settings.settings import Settings

Layer = Settings | Mapping[str, Any] | None


_STRUCTURED = {"roles", "prices", "extra_body", "generator_options"}
"""Dials that are tables: JSON where they come as text."""
_BY_ENTRY = ("roles", "prices", "generator_options")


def merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Return two layers as one; roles, prices and options of a generator merge entry by entry.

    Where `high` names another generator, the settings of the one in `low` are dropped (but an
    object of the caller has none by itself); where it names a preset, so is what the one in `low`
    has set.
    """
    preset = PRESETS.get(str(low.get("preset")), {})
    of_preset = {name for name, value in preset.items() if low.get(name) == value}
    generator = high.get("generator", low.get("generator"))
    if "generator" in low and generator != low["generator"] and not is_object(generator):
        of_generator = {name for name in low if name.startswith("generator_")} - of_preset
        low = {name: value for name, value in low.items() if name not in of_generator}
    if "preset" in high:
        low = {name: value for name, value in low.items() if name not in of_preset}
    merged = {**low, **high}
    for name in _BY_ENTRY:
        if isinstance(low.get(name), Mapping) and isinstance(high.get(name), Mapping):
            merged[name] = {**low[name], **high[name]}
    return merged


def explicit(source: Layer) -> dict[str, Any]:
    """Return the dials that a source sets on purpose, its preset spelled out."""
    if isinstance(source, Settings):
        dials = source.model_dump(include=source.model_fields_set)
    else:
        dials = dict(source or {})
    return {**PRESETS.get(str(dials.get("preset")), {}), **dials}


def as_layer(context: object) -> Layer:
    """Return a run's context if it is settings; None for what a parent graph has of its own.

    LangGraph makes settings of a dict that our graph is called with, before a node sees it: one
    that is still a dict is the parent's, whatever its keys are called.
    """
    return context if isinstance(context, Settings) else None


def settle(*layers: Layer) -> Settings:
    """Merge layers over the defaults, later layers winning, and validate the result.

    Raises:
        ConfigError: a value is out of bounds or of the wrong type.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = merge(merged, explicit(layer))
    return Settings.model_validate(merged)


def from_env(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the dials that `GEMS_*` variables set; empty ones set nothing.

    `GEMS_MLLM_VERIFIER` names the model of a role, `GEMS_MLLM_VERIFIER_URL`, `_TEMPERATURE`
    and `_MAX_TOKENS` its options; `GEMS_GENERATOR_STEPS` is the generator's option `steps`, and
    so is every name after `GEMS_GENERATOR_` that is no setting, but for the key.
    """
    dials: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for key, value in environ.items():
        name = key.removeprefix("GEMS_")
        if name == key or not value:
            continue
        if name.lower() in Settings.model_fields:
            dials[name.lower()] = _value(name.lower(), value)
        elif part := split_variable(name):
            role, option = part
            dials.setdefault("roles", {}).setdefault(role, {})[option] = value
        elif name.startswith("GENERATOR_") and name != "GENERATOR_KEY":
            options[name.removeprefix("GENERATOR_").lower()] = _json_or_text(value)
    return merge(dials, {"generator_options": options} if options else {})


def from_assignments(pairs: Mapping[str, str]) -> dict[str, Any]:
    """Return the dials that NAME=VALUE pairs set; `generator_options.steps` is an entry of a table.

    Raises:
        ConfigError: a table is no JSON.
    """
    dials: dict[str, Any] = {}
    for name, text in pairs.items():
        table, *path = name.split(".") if name.partition(".")[0] in _STRUCTURED else [name]
        value: Any = _json_or_text(text) if path else _value(name, text)
        for key in reversed(path):
            value = {key: value}
        dials[table] = _joined(dials.get(table), value)
    return dials


def _joined(low: Any, high: Any) -> Any:
    """Merge two tables at any depth; of two other values `high` wins."""
    if not (isinstance(low, Mapping) and isinstance(high, Mapping)):
        return high
    return {**low, **{key: _joined(low.get(key), value) for key, value in high.items()}}


def from_file(file: Path) -> dict[str, Any]:
    """Return the dials that a TOML file sets.

    Raises:
        ConfigError: the file cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"Cannot read the settings in {file}: {error}."
        raise ConfigError(msg) from error


def _value(name: str, text: str) -> Any:
    """Read a structured dial from JSON; others are left to validation."""
    if name not in _STRUCTURED:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"The setting {name} must be JSON: {error}."  # not its text: it may hold a key
        raise ConfigError(msg) from error


def _json_or_text(text: str) -> Any:
    """Read a number, a truth value or a table; what is no JSON is text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
