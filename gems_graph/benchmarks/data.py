"""Find and read the files of a benchmark in a folder of the user's."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line


def twins(name: str) -> tuple[str, ...]:
    """Return the names that a file of data may have: a table is CSV, or JSON on the hub."""
    return (name, f"{name.removesuffix('.csv')}.json") if name.endswith(".csv") else (name,)


class Places(NamedTuple):
    """Where to look: the folder itself, then some below it."""

    folder: Path
    below: tuple[str, ...] = ()

    def find(self, name: str) -> Path | None:
        """Return the file or folder of that name; None: it is nowhere."""
        for each in ("", *self.below):
            for twin in twins(name):
                if (file := self.folder / each / twin).exists():
                    return file
        return None

    def need(self, name: str, home: str) -> Path:
        """Return the file or folder of that name.

        Raises:
            UsageError: it is nowhere.
        """
        if file := self.find(name):
            return file
        msg = f"There is no {name} in {self.folder}; take it from {home}, and name its folder "
        raise UsageError(msg + "with --data-dir (`gems eval data` lists what is needed).")


def lines(file: Path) -> list[Line]:
    """Read a file of JSON lines.

    Raises:
        UsageError: it cannot be read, a line is malformed, or it holds none.
    """
    found = list(json_lines.read(file, "take it anew from its home"))
    if not found:
        msg = f"{file} is empty; take it anew from its home."
        raise UsageError(msg)
    return found


def records(file: Path) -> Iterator[Line]:
    """Read a JSON list of objects, numbered from 1.

    Raises:
        UsageError: it is none.
    """
    listed = whole(file)
    if not isinstance(listed, list) or not listed:
        msg = f"{file}: a JSON list of records is needed."
        raise UsageError(msg)
    for number, fields in enumerate(listed, start=1):
        where = f"{file}, record {number}"
        if not isinstance(fields, dict):
            msg = f"{where}: this is no JSON object."
            raise UsageError(msg)
        yield Line(number, where, fields)


def whole(file: Path) -> Any:
    """Read a file that is one JSON value.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        return json.loads(text(file))
    except ValueError as error:
        msg = f"{file}: this is no JSON ({error}); take it anew from its home."
        raise UsageError(msg) from error


def rows(file: Path, columns: tuple[str, ...]) -> Iterator[Line]:
    """Read a CSV file with a header, or a JSON list of objects, every value as text.

    Raises:
        UsageError: it cannot be read, lacks a column, or a row has a wrong number of values.
    """
    yield from _json_rows(file, columns) if file.suffix == ".json" else _csv_rows(file, columns)


def _json_rows(file: Path, columns: tuple[str, ...]) -> Iterator[Line]:
    for line in records(file):
        if missing := [name for name in columns if line.fields.get(name) is None]:
            msg = f"{line.where}: `{missing[0]}` is missing; take it anew from its home."
            raise UsageError(msg)
        texts = {name: "" if v is None else str(v) for name, v in line.fields.items()}
        yield Line(line.number, line.where, texts)


def _csv_rows(file: Path, columns: tuple[str, ...]) -> Iterator[Line]:
    reader = csv.DictReader(io.StringIO(text(file), newline=""))
    if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
        msg = f"{file}: the column {missing[0]!r} is missing; take it anew from its home."
        raise UsageError(msg)
    for fields in reader:
        where = f"{file}, line {reader.line_num}"
        if None in fields or None in fields.values():
            msg = f"{where}: this row has too many or too few values."
            raise UsageError(msg)
        yield Line(reader.line_num, where, dict(fields))


def text(file: Path) -> str:
    """Read a file of text.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        msg = f"Cannot read {file} ({error}); take it anew from its home."
        raise UsageError(msg) from error
