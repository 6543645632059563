"""What is wrong with a setting, in one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from gems_graph.settings.credentials import KIND

_SECRET_TABLES = {"extra_body", "generator_options"}
"""They may hold a key, so that what stands in them is never repeated."""


def in_words(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """Return the first problem of settings as a sentence that names the remedy.

    Args:
        error: raised by their validation.
        fields: the settings there are.
    """
    problem = error.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else "?"
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        return _unknown(name, fields)
    if problem["type"] == KIND:
        return f"The setting {'.'.join(map(str, problem['loc']))} {problem['msg']}"
    field = fields.get(name)
    what = (field.description or "").removesuffix(".") if field else ""
    hint = f" ({what})" if field and get_args(field.annotation) else ""
    input_text = "" if _SECRET_TABLES & {*problem["loc"]} else f"={problem['input']!r}"
    place = ".".join(map(str, problem["loc"])) or name
    return f"The setting {place}{input_text} is not valid: {problem['msg']}{hint}."


def _unknown(name: str, fields: Mapping[str, FieldInfo]) -> str:
    near = difflib.get_close_matches(name, fields, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"There is no setting {name!r}; {guess}`gems settings` lists them all."
