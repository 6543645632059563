"""Files of judges' answers: one JSON object a line, with `id`, `sample` and `answers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gems_graph.benchmarks.task import Prompt
from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

Ids = Literal["own", "line"]


@dataclass(frozen=True)
class Answers:
    """What judges said.

    Attributes:
        by_prompt: by the prompt's id and the sample's number.
        ids: whether the file named prompts by the data's own ids, or by lines from 0.
        failed: samples without an answer, with what was the matter.
    """

    by_prompt: Mapping[str, Mapping[int, Any]]
    ids: Ids = "line"
    failed: tuple[tuple[str, int, str], ...] = field(default=())


def read(file: Path, prompts: Sequence[Prompt], ids: Ids | None = None) -> Answers:
    """Read a file of answers.

    Args:
        file: one object a line; `sample` is 0 where it is left out.
        prompts: of the benchmark.
        ids: how the file names prompts; None: own ids if all of them are, lines otherwise.

    Raises:
        UsageError: a line is malformed, names no prompt, or comes twice.
    """
    lines = list(json_lines.read(file, "name a file of answers, one JSON object a line"))
    if not lines:
        msg = f"{file} holds no answers: write one JSON object a line, with id, sample and answers."
        raise UsageError(msg)
    return collect(lines, prompts, ids)


def collect(lines: Sequence[Line], prompts: Sequence[Prompt], ids: Ids | None = None) -> Answers:
    """Sort lines of answers by prompt and sample.

    Raises:
        UsageError: a line is malformed, names no prompt, or comes twice.
    """
    own = {key: p.id for p in prompts for key in _keys(p)}
    by_line = {key: p.id for n, p in enumerate(prompts) for key in (str(n), f"'{n}'")}
    given = [_id(line) for line in lines]
    ids = ids or ("own" if all(each in own for each in given) else "line")
    names = own if ids == "own" else by_line
    found: dict[str, dict[int, Any]] = {}
    failed = []
    for line, each in zip(lines, given, strict=True):
        if each not in names:
            raise _unknown(line, ids, len(prompts))
        prompt, sample = names[each], _sample(line)
        if sample in found.setdefault(prompt, {}):
            msg = f"{line.where}: sample {sample} of {line.fields['id']!r} comes twice."
            raise UsageError(msg)
        found[prompt][sample] = line.fields["answers"]
        if line.fields["answers"] is None:
            failed.append((prompt, sample, str(line.fields.get("failed", "no answer"))))
            del found[prompt][sample]
    return Answers(found, ids, tuple(failed))


def _keys(prompt: Prompt) -> list[str]:
    """Return how a prompt's id may be written: as the data or the layout has it."""
    keys = [f"'{prompt.id}'"]
    if isinstance(prompt.own, int):
        keys += [str(prompt.own), f"'{prompt.own}'"]
    elif prompt.own is not None:
        keys += [f"'{prompt.own}'", f"'{prompt.own.replace('_', '/')}'"]
        keys += (
            [prompt.own] if prompt.own.isdecimal() and str(int(prompt.own)) == prompt.own else []
        )
    return keys


def _id(line: Line) -> str:
    """Return the id as text; that of a text is in quotes, so that "000" is no line."""
    value = line.fields.get("id")
    plain = isinstance(value, int | str) and not isinstance(value, bool)
    if not plain or "answers" not in line.fields:
        msg = f"{line.where}: `id` (a line from 0, or the data's own) and `answers` are needed."
        raise UsageError(msg)
    return str(value) if isinstance(value, int) else f"'{value}'"


def _sample(line: Line) -> int:
    value = line.fields.get("sample", 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        msg = f"{line.where}: `sample` must be a number from 0."
        raise UsageError(msg)
    return value


def _unknown(line: Line, ids: Ids, count: int) -> UsageError:
    way = "the data's own ids" if ids == "own" else f"lines 0 to {count - 1} of the data"
    return UsageError(
        f"{line.where}: {line.fields['id']!r} names no prompt; ids are read as {way}, as those of "
        "a file are either all its own or all lines."
    )
