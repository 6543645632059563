"""The Planner's choice of a skill against a table of requests whose skill is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypedDict

from gems_graph.calls.budget import Place
from gems_graph.errors import AnswerError, GemsError
from gems_graph.evaluation.asking import Evaluation, Job, ask_all
from gems_graph.evaluation.skill_requests import NONE, Request
from gems_graph.runtime.picking import Choice, pick
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.settings import Settings

UNKNOWN = "unknown"
"""Stands for names that no skill has."""


class Item(TypedDict):
    """What was picked for a request.

    `status` is right, wrong, unreadable (or refused), failed or not asked.
    """

    id: str
    request: str
    skill: str
    status: str
    picked: str | None
    thought: str
    error: str | None


async def evaluate(
    requests: Sequence[Request], settings: Settings, on: Evaluation
) -> dict[str, Any]:
    """Let the Planner pick one skill for each request, and compare.

    It is asked as in a run, from the manifest of all skills in use; one skill is picked whatever
    `max_skills` says.

    Args:
        requests: with the skill that each should get.
        settings: name the model and the folders of skills, and cap what may be spent.
        on: how it is carried out.

    Returns:
        Plain JSON: `model`, `requests`, `accuracy` of what was answered, how many requests got each
        status, `by_skill`, `used`, `stopped`, `items`.

    Raises:
        ConfigError: the model or a folder of skills cannot be opened.
    """
    session = on.session("skills", [request.text for request in requests])
    answers = await ask_all([Job(each, _asked(settings)) for each in requests], _choice, session)
    items = [_item(request, answer) for request, answer in zip(requests, answers.each, strict=True)]
    statuses = Counter(item["status"] for item in items)
    answered = statuses["right"] + statuses["wrong"]
    return {
        "model": settings.model_for("planner").mllm,
        "requests": len(requests),
        "accuracy": round(statuses["right"] / answered, 4) if answered else None,
        **{
            status.replace(" ", "_"): statuses[status]
            for status in ("right", "wrong", "unreadable", "failed", "not asked")
        },
        "by_skill": _by_skill(items),
        "used": answers.used,
        "stopped": answers.stopped or None,
        "items": items,
    }


async def choose(text: str, settings: Settings, make_toolbox: MakeToolbox) -> dict[str, Any]:
    """Let the Planner pick one skill for one request; always asked anew.

    Returns:
        Plain JSON: `model`, `request`, `picked`, `thought`, `notes`, `used`.

    Raises:
        GemsError: the model cannot be opened or reached, or its answer not be read.
    """
    toolbox = make_toolbox(_asked(settings), Place())
    choice = await pick(text, toolbox)
    return {
        "model": settings.model_for("planner").mllm,
        "request": text,
        "picked": picked_in(choice),
        "thought": choice.thought,
        "notes": choice.notes,
        "used": toolbox.ledger,
    }


def _asked(settings: Settings) -> Settings:
    """Return settings under which one skill is picked, and what nobody can read is an error."""
    return settings.model_copy(update={"max_skills": 1, "strict": True})


async def _choice(request: Request, toolbox: Toolbox) -> Choice:
    return await pick(request.text, toolbox)


def picked_in(choice: Choice) -> str:
    """Return the skill of a choice: its name, `NONE`, or `UNKNOWN`."""
    if choice.skills:
        return choice.skills[0].name
    return UNKNOWN if choice.unknown else NONE


def _item(request: Request, answer: Choice | GemsError | None) -> Item:
    item = Item(
        id=request.id, request=request.text, skill=request.skill,
        status="not asked", picked=None, thought="", error=None,
    )  # fmt: skip
    if isinstance(answer, GemsError):
        status = "unreadable" if isinstance(answer, AnswerError) else "failed"
        return {**item, "status": status, "error": str(answer)}
    if answer is None:
        return item
    picked = picked_in(answer)
    status = "right" if picked in (request.skill, *request.also) else "wrong"
    return {**item, "status": status, "picked": picked, "thought": answer.thought}


def _by_skill(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Return for each skill how many requests should get it, did, and what others got instead."""
    table: dict[str, dict[str, Any]] = {}
    for item in sorted(items, key=lambda item: (item["skill"] == NONE, item["skill"])):
        row = table.setdefault(item["skill"], {"requests": 0, "right": 0, "instead": {}})
        row["requests"] += 1
        row["right"] += item["status"] == "right"
        if item["status"] == "wrong":
            row["instead"][item["picked"]] = row["instead"].get(item["picked"], 0) + 1
    return table
