"""What a picture tells of itself, and whether its trajectory is still kept."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gems_graph.errors import UsageError
from gems_graph.images.texts.carried import Carried
from gems_graph.persistence.show import Shown, look_up
from gems_graph.persistence.threads import open_threads, where
from gems_graph.prompting.sanitize import printable
from gems_graph.report.page import changed, fact
from gems_graph.report.recalled import recalled


def show_picture(file: Path, *, as_json: bool) -> Shown | None:
    """Print what a picture tells; return its trajectory if that is kept and is to be shown, too.

    Args:
        file: the picture.
        as_json: print one JSON object, with the record of the trajectory, and return nothing.

    Raises:
        UsageError: it tells nothing, or cannot be read.
    """
    carried = recalled(file)
    shown = asyncio.run(_kept(carried.facts))
    if as_json:
        told = {"picture": carried._asdict(), "trajectory": shown.record() if shown else None}
        print(printable(json.dumps(told, ensure_ascii=False)))  # noqa: T201
        return None
    for line in told_by(carried):
        print(printable(line))  # noqa: T201
    if shown is None:
        print(f"Its trajectory is not kept in {where()}.", file=sys.stderr)  # noqa: T201
        return None
    print()  # noqa: T201
    return shown


def told_by(carried: Carried) -> Iterator[str]:
    """Yield what a picture tells, line by line; whatever a stranger wrote is text."""
    facts = carried.facts
    if not facts:
        yield carried.parameters
        return
    made, models = _table(facts, "made"), _table(facts, "models")
    drawn = facts.get("drawn") if facts.get("drawn") != facts.get("prompt") else None
    told = {
        "request": facts.get("prompt"), "prompt": drawn, "seed": facts.get("seed"),
        "round": facts.get("round"), "size": facts.get("size"),
        "drawn by": ", ".join(f"{name} {value}" for name, value in made.items()),
        "models": ", ".join(f"{role} {name}" for role, name in models.items()),
        "settings": "\n".join(changed(_table(facts, "settings"))),
        "criteria": "\n".join(_criteria(facts.get("criteria"))),
        "cut": ", ".join(map(str, _list(facts.get("cut")))),
        "by": facts.get("version"), "thread": facts.get("thread"),
        "trajectory": facts.get("trajectory"),
    }  # fmt: skip
    for name, value in told.items():
        if value not in (None, ""):
            yield fact(name, value)


def _table(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return names with plain values, whatever stands there."""
    value = facts.get(name)
    items = value.items() if isinstance(value, Mapping) else ()
    return {k: v for k, v in items if v is None or isinstance(v, str | int | float)}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _criteria(criteria: Any) -> Iterator[str]:
    for each in _list(criteria):
        if isinstance(each, Mapping):
            yield f"{each.get('answer', '-'):<6} {each.get('question', '')}"


async def _kept(facts: Mapping[str, Any]) -> Shown | None:
    """Return the trajectory that a picture is of, if its thread still holds it."""
    thread = facts.get("thread")
    if not isinstance(thread, str) or not thread or "\0" in thread:
        return None
    try:
        async with open_threads() as threads:
            shown = await look_up(threads, thread)
    except UsageError:  # there is none
        return None
    return shown if shown.state["trajectory"] == facts.get("trajectory") else None
