"""What another agent is given back: the picture, a few words, and the same as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mcp.types import CallToolResult, ContentBlock, ImageContent, TextContent

from gems_graph.agents.drawing import Drawn
from gems_graph.agents.links import host_of, linked
from gems_graph.memory import best
from gems_graph.prompting.wording import holding
from gems_graph.report.standing import standing
from gems_graph.skills import Skills
from gems_graph.state import ImageRef, Verdict

TRAJECTORY = "gems://trajectory/"
"""The address of a trajectory, before its thread."""
SIDE = 1024  # pixels: models scale larger pictures down, and clients refuse long messages


def drawn(done: Drawn, request: Any = None) -> CallToolResult:
    """Return a drawing: its best picture, what holds of it, and how to go on.

    Args:
        done: how far it came.
        request: the HTTP request that asked for it, whose host pictures are fetched from.
    """
    state, result = done.outcome.state, done.outcome.state.get("result") or {}
    image = result.get("image") or _latest(state)
    account = {
        "thread": done.thread,
        "state": standing(state, waits=bool(done.outcome.questions)),
        "success": bool(result.get("success")),
        "why": result.get("why", ""),
        "round": result.get("round"),
        "rounds": len(state.get("rounds", [])),
        "passed": result.get("passed"),
        "total": result.get("total"),
        "criteria": _criteria(state, image),
        "prompt": result.get("prompt"),
        "image": image and _addressed(image, request),
        "notes": state.get("notes", []),
        "resource": address_of(done.thread),
    }
    picture: list[ContentBlock] = []
    if image:
        data, mime = done.store.view(image, SIDE, "jpeg")
        picture = [ImageContent(type="image", data=data, mime_type=mime)]
    words = TextContent(type="text", text=_words(account, waits=bool(done.outcome.questions)))
    return CallToolResult(content=[*picture, words], structured_content=account)


def verified(
    image: ImageRef, criteria: Sequence[str], verdicts: Sequence[Verdict]
) -> CallToolResult:
    """Return verdicts about a picture."""
    told = [_criterion(q, verdict) for q, verdict in zip(criteria, verdicts, strict=True)]
    passed = sum(each["answer"] == "yes" for each in told)
    lines = [f"{holding(passed, len(told))}."]
    lines += [f"{each['answer']}: {each['question']} ({each['evidence']})" for each in told]
    account = {
        "success": passed == len(told), "passed": passed, "total": len(told), "criteria": told,
        "image": _plain(image),
    }  # fmt: skip
    words = TextContent(type="text", text="\n".join(lines))
    return CallToolResult(content=[words], structured_content=account)


def listed(skills: Skills) -> CallToolResult:
    """Return the skills there are, and what is wrong with those that are left out."""
    entries = [{"name": each.name, "description": each.description} for each in skills.manifest]
    lines = [f"{each['name']}: {each['description']}" for each in entries]
    notes = [f"note: {note}" for note in (*skills.problems, *skills.notes)]
    words = TextContent(type="text", text="\n".join([*lines, *notes]) or "There are no skills.")
    return CallToolResult(
        content=[words], structured_content={"skills": entries, "problems": skills.problems}
    )


def address_of(thread: str) -> str:
    """Return the address of a thread's trajectory as a resource."""
    return TRAJECTORY + quote(thread, safe="")


def _latest(state: Mapping[str, Any]) -> ImageRef | None:
    """Return the picture of a drawing that waits: the last one, where there is one."""
    image: ImageRef | None = state.get("attempt", {}).get("image")
    rounds = state.get("rounds", [])
    return image or (best(rounds)["image"] if rounds else None)


def _criteria(state: Mapping[str, Any], image: ImageRef | None) -> list[dict[str, Any]]:
    """Return the criteria with what was said of them about a picture."""
    questions = [criterion["question"] for criterion in state.get("criteria", [])]
    rounds = [each for each in state.get("rounds", []) if each["image"] == image]
    if not rounds:
        return [{"question": question, "answer": None, "evidence": ""} for question in questions]
    pairs = zip(questions, rounds[-1]["verdicts"], strict=False)
    return [_criterion(question, verdict) for question, verdict in pairs]


def _criterion(question: str, verdict: Verdict) -> dict[str, Any]:
    return {"question": question, "answer": verdict["answer"], "evidence": verdict["evidence"]}


def _words(account: Mapping[str, Any], *, waits: bool) -> str:
    thread = account["thread"]
    if waits:
        return f"It waits for a person: gems resume {thread}. Thread {thread}."
    failed = [each for each in account["criteria"] if each["answer"] not in ("yes", None)]
    lines = [f"{account['state']}: {account['why']}".removesuffix(".") + "."]
    lines += [f"{each['answer']}: {each['question']} ({each['evidence']})" for each in failed]
    return "\n".join([*lines, f"Thread {thread}."])


def _plain(image: ImageRef) -> dict[str, Any]:
    return {name: image[name] for name in ("sha256", "media_type", "width", "height")}


def _addressed(image: ImageRef, request: Any) -> Any:
    """Return a reference, with the address of the picture where somebody serves it."""
    host = host_of({"configurable": {**(getattr(request, "headers", None) or {})}})
    return linked(_plain(image), host) if host else _plain(image)
