"""Files of one JSON object a line, read strictly: whatever is wrong is told by its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.errors import UsageError


class Line(NamedTuple):
    """One object.

    Attributes:
        number: of its line, from 1.
        where: file and line, for messages.
        fields: of the object.
    """

    number: int
    where: str
    fields: dict[str, Any]


def read(file: Path, remedy: str = "name a file of JSON lines") -> Iterator[Line]:
    """Read a file line by line; empty lines are left out.

    Args:
        file: UTF-8, with or without a byte order mark.
        remedy: what to do where it cannot be read, for the message.

    Raises:
        UsageError: it cannot be read, or a line holds no JSON object.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        msg = f"Cannot read {file} ({error}): {remedy}."
        raise UsageError(msg) from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{file}, line {number}"
            yield Line(number, where, parse(line, where))


def parse(line: str, where: str) -> dict[str, Any]:
    """Parse one line.

    Raises:
        UsageError: it holds no JSON object, or text that no file can hold.
    """
    try:
        fields = json.loads(line)
        json.dumps(fields, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        msg = f"{where}: this is no JSON object ({error})."
        raise UsageError(msg) from error
    if not isinstance(fields, dict):
        msg = f"{where}: this is no JSON object; write one a line."
        raise UsageError(msg)
    return fields
