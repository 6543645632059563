"""Fields of a line of prompts: ours, other people's data, and mistakes for ours."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from gems_graph.errors import ConfigError, UsageError
from gems_graph.settings import Settings, settle

FIELDS = {"id": str, "prompt": str, "criteria": list, "seed": int, "settings": dict}
"""Fields that mean something to us, and what they hold most often."""


def data_in(line: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of a line that are not ours: data of a benchmark, kept as they are.

    Raises:
        UsageError: one looks like ours misspelt, or is a setting in the wrong place.
    """
    data = {name: value for name, value in line.items() if name not in FIELDS}
    for name, value in data.items():
        _check_no_setting(name, value, where)
        _check_not_misspelt(name, value, line, where)
    return data


def of_langsmith(line: dict[str, Any], where: str) -> dict[str, Any]:
    """Return an example of a LangSmith dataset as a line of ours; other lines as they are.

    The prompt is `prompt` of its `inputs`, or their only text. What it should come to (`outputs`)
    stays behind: it is an answer, and no data to keep beside a picture.

    Raises:
        UsageError: the inputs hold several texts, and none is called `prompt`.
    """
    inputs = line.get("inputs")
    if "prompt" in line or not isinstance(inputs, Mapping):
        return line
    texts = [value for value in inputs.values() if isinstance(value, str)]
    prompt = inputs.get("prompt", texts[0] if len(texts) == 1 else None)
    if not isinstance(prompt, str):
        msg = f"{where}: name the text to draw `prompt` in `inputs`, as there are several or none."
        raise UsageError(msg)
    ours: dict[str, Any] = {n: line[n] for n in ("id", "metadata") if n in line}
    return {**ours, "prompt": prompt}


def _check_no_setting(name: str, value: object, where: str) -> None:
    """Refuse `max_iterations: 2`, but not `skills: [...]` or `order: 3`, which are data."""
    if name not in Settings.model_fields or isinstance(value, list | dict | None):
        return
    try:
        settle({name: value})
    except ConfigError:  # nothing that this setting could be
        return
    msg = f"{where}: {name!r} is a setting; put it into `settings`, or rename the field."
    raise UsageError(msg)


def _check_not_misspelt(name: str, value: object, line: Mapping[str, Any], where: str) -> None:
    """Refuse a name that is nearly that of a field which is missing and would hold the like."""
    fitting = [field for field, kind in FIELDS.items() if isinstance(value, kind)]
    missing = [field for field in fitting if field not in line]
    if close := difflib.get_close_matches(name.lower(), missing, n=1, cutoff=0.75):
        msg = f"{where}: there is no field {name!r}; did you mean {close[0]!r}?"
        raise UsageError(msg)
