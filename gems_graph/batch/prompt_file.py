"""Files of prompts: one a line, or one JSON object a line."""

from __future__ import annotations

import json
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gems_graph.batch.fields import data_in, of_langsmith
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import file_name
from gems_graph.system.json_lines import parse

SUMMARY = "summary.jsonl"
"""File in the folder of a batch, so that no id can be called that."""


@dataclass(frozen=True)
class Entry:
    """One prompt of a file.

    Attributes:
        where: file and line, for messages.
        id: names its folder: its own, or the number of the line.
        named: whether the id is its own.
        prompt: what to draw (U).
        criteria: its own checklist.
        dials: its own settings.
        data: what else its line holds: the data of a benchmark.
    """

    where: str
    id: str
    named: bool
    prompt: str
    criteria: tuple[str, ...] | None = None
    dials: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def read(source: str) -> list[Entry]:
    """Read a file of prompts; `-` is stdin.

    JSON lines if the name ends in `.jsonl` or `.ndjson`, or if the first line is a JSON object.

    Raises:
        UsageError: it cannot be read, holds nothing, or one of its lines is not right.
    """
    name = "stdin" if source == "-" else source
    text = _text(source, name)
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if _is_json(source, lines):
        entries = [_from_json(name, n, line) for n, line in lines]
    else:
        entries = [_entry(name, n, line) for n, line in lines if not line.startswith("#")]
    if not entries:
        msg = f"{name} holds no prompts: write one a line, or one JSON object a line."
        raise UsageError(msg)
    _check_ids(entries)
    return entries


def _text(source: str, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        msg = f"Cannot read prompts from {name} ({error.strerror}): name a file, or - for stdin."
        raise UsageError(msg) from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        msg = f"{name}, line {line}: this is not UTF-8; save the file as UTF-8."
        raise UsageError(msg) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_json(source: str, lines: list[tuple[int, str]]) -> bool:
    if Path(source).suffix.lower() in {".jsonl", ".ndjson"}:
        return True
    try:
        return bool(lines) and isinstance(json.loads(lines[0][1]), dict)
    except (ValueError, RecursionError):
        return False


def _entry(name: str, n: int, prompt: str, id_: str | None = None, **fields: Any) -> Entry:
    return Entry(f"{name}, line {n}", id_ or f"{n:04}", id_ is not None, prompt, **fields)


def _from_json(name: str, n: int, line: str) -> Entry:
    where = f"{name}, line {n}"
    fields = of_langsmith(parse(line, where), where)
    data = data_in(fields, where)
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        msg = f"{where}: say what to draw, in `prompt`."
        raise UsageError(msg)
    return _entry(
        name, n, prompt.strip(), _id(fields.get("id"), where),
        criteria=_criteria(fields.get("criteria"), where), dials=_dials(fields, where),
        data=data,
    )  # fmt: skip


def _id(value: object, where: str) -> str | None:
    if value is None:
        return None
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    text = str(value).strip() if plain else ""
    if not text or text == SUMMARY:
        msg = f"{where}: the id cannot be {value!r}; give a name or a number, or leave it out."
        raise UsageError(msg)
    return text


def _criteria(value: object, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        msg = f"{where}: `criteria` is a list of yes/no questions."
        raise UsageError(msg)
    if not (questions := tuple(each.strip() for each in value if each.strip())):
        msg = f"{where}: `criteria` holds none; give at least one, or leave it out."
        raise UsageError(msg)
    return questions


def _dials(fields: dict[str, Any], where: str) -> dict[str, Any]:
    dials = fields.get("settings") or {}
    if not isinstance(dials, dict):
        msg = f"{where}: `settings` is an object of names and values; `gems settings` lists them."
        raise UsageError(msg)
    seed = fields.get("seed")
    return dials if seed is None else {**dials, "seed": seed}


def _check_ids(entries: list[Entry]) -> None:
    """Make sure that ids name different folders, also where systems do not tell case apart."""
    by_folder: dict[str, Entry] = {}
    for entry in entries:
        folder = unicodedata.normalize("NFC", file_name(entry.id)).casefold()
        if earlier := by_folder.get(folder):
            msg = f"{entry.where}: the id {entry.id!r} is that of {earlier.where}; give it another."
            raise UsageError(msg)
        by_folder[folder] = entry
