"""Requests with the skill that the Planner should pick for them, or none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

NONE = "none"
"""Stands for no skill, as `null` does in the data."""
PACKAGED = Path(__file__).with_name("skill_requests.jsonl")
"""120 requests of our own, in the shapes of the nine benchmarks' kinds, in English and Chinese."""


@dataclass(frozen=True)
class Request:
    """A request, of which a model is shown the text alone.

    Attributes:
        id: its name in reports.
        text: what is asked for.
        skill: that should be picked, or `NONE`.
        also: others that would be as right.
    """

    id: str
    text: str
    skill: str
    also: tuple[str, ...] = ()


def read(
    file: Path = PACKAGED, only: Collection[str] = (), limit: int | None = None
) -> list[Request]:
    """Read requests, one JSON object a line: `request`, `skill`; `id` and a list `or` if wanted.

    Args:
        file: of requests.
        only: those of these skills; none: all.
        limit: requests at most, spread evenly over those there are.

    Raises:
        UsageError: it cannot be read, holds nothing, or one of its lines is not right.
    """
    requests = [_request(line) for line in json_lines.read(file)]
    chosen = [request for request in requests if not only or request.skill in only]
    if not chosen:
        there = ", ".join(sorted({request.skill for request in requests})) or "none at all"
        msg = f"{file} holds no such requests; there are some for: {there}."
        raise UsageError(msg)
    count = min(limit or len(chosen), len(chosen))
    return [chosen[k * len(chosen) // count] for k in range(count)]


def _request(line: Line) -> Request:
    number, where, fields = line
    if not _right(fields):
        msg = f'{where}: write {{"request": "...", "skill": "NAME" or null}}; `or` lists others.'
        raise UsageError(msg)
    name = fields.get("id", f"line-{number}")
    also = tuple(other or NONE for other in fields.get("or", []))
    return Request(name, fields["request"].strip(), fields["skill"] or NONE, also)


def _right(fields: dict[str, Any]) -> bool:
    known = {"request", "skill"} <= fields.keys() <= {"request", "skill", "id", "or"}
    if not known or not isinstance(fields.get("or", []), list):
        return False
    texts = [fields["request"], fields.get("id", "-")]
    skills = [fields["skill"], *fields.get("or", [])]
    filled = all(isinstance(text, str) and text.strip() for text in texts)
    return filled and all(skill is None or isinstance(skill, str) for skill in skills)
