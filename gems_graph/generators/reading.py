"""Options of a generator, read from plain JSON into fields."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from gems_graph.errors import ConfigError

Fields = TypeVar("Fields", bound=BaseModel)


def read_options(kind: type[Fields], options: dict[str, Any], of: str) -> Fields:
    """Return options as fields.

    Args:
        kind: names the fields and what they may be.
        options: by name.
        of: whose they are, for messages.

    Raises:
        ConfigError: one has a value that it cannot have.
    """
    try:
        return kind(**options)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        choices = [c for c in get_args(kind.model_fields[field].annotation) if isinstance(c, str)]
        told = first["msg"]  # by pydantic, or by a validator of the fields
        told = told.lower() if first["type"] != "value_error" else told.partition(", ")[2]
        remedy = f"one of {', '.join(choices)}" if choices else told
        msg = f"The option {field!r} of {of} is {options[field]!r}; it must be: {remedy}."
        raise ConfigError(msg) from error
