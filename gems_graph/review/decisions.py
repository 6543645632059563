"""Our questions and answers in the shape of LangChain's human in the loop: actions and decisions.

Chat clients that know the shape draw buttons for a question in it. About the criteria, `approve`
goes on; about a verdict it takes the picture, and `reject` goes on without it: what it says is why
the picture is not right. `edit` changes what is asked about, and goes on from that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gems_graph.prompting.markdown import picture, plain

_SAID = re.compile(r"\s*(approve|reject)\s*(?::(.*))?", re.IGNORECASE | re.DOTALL)


def with_actions(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a question as an action to review, beside what it says itself."""
    ask = _about_criteria if question["kind"] == "criteria" else _about_verdict
    name, args, allowed, description = ask(question)
    if problem := question.get("problem"):
        description = f"**{plain(problem)}**\n\n{description}"
    action = {"name": name, "args": args, "description": description}
    config = {"action_name": name, "allowed_decisions": allowed}
    return {**question, "action_requests": [action], "review_configs": [config]}


def decisions_in(answer: object) -> object | None:
    """Return the decisions in an answer; None: it has another shape.

    Agents that have but words say `approve`, or `reject: WHY`.
    """
    if isinstance(answer, str) and (said := _SAID.fullmatch(answer)):
        return [{"type": said[1].lower(), "message": said[2] or ""}]
    by_name = isinstance(answer, Mapping) and answer.keys() == {"decisions"}
    return answer["decisions"] if by_name else None  # type: ignore[index]


def answer_of(question: Mapping[str, Any], decisions: object) -> dict[str, Any]:
    """Return what a decision answers to a question.

    Raises:
        ValueError: it is none that the question takes.
    """
    if not (isinstance(decisions, list) and len(decisions) == 1):
        msg = "One question takes one decision."
        raise ValueError(msg)
    given = decisions[0] if isinstance(decisions[0], Mapping) else {}
    kind, about_verdict = given.get("type"), question["kind"] == "verdict"
    if kind == "approve":
        return {"accept": True} if about_verdict else {}
    if kind == "edit":
        action = given.get("edited_action")
        args = action.get("args") if isinstance(action, Mapping) else None
        if not isinstance(args, Mapping):
            msg = "The decision to edit has no edited_action with its args."
            raise ValueError(msg)
        return _edited(question, args)
    if kind == "reject" and about_verdict:
        return _rejected(question, str(given.get("message") or "").strip())
    choices = "approve, edit or reject" if about_verdict else "approve or edit"
    msg = f"The decision {kind!r} is none that this takes: {choices}."
    raise ValueError(msg)


def _about_criteria(question: Mapping[str, Any]) -> tuple[str, dict[str, str], list[str], str]:
    text = (
        "Approve to draw. Or edit: the criteria, one yes/no question a line; the first prompt, "
        "which is then drawn as written."
    )
    args = {"criteria": _lines(question), "prompt": question["prompt"]}
    return "Criteria", args, ["approve", "edit"], text


def _about_verdict(question: Mapping[str, Any]) -> tuple[str, dict[str, str], list[str], str]:
    n, more = question["round"], "prompt" in question["answers"]
    text = "Approve to take this picture. Reject to go on, saying what is not right with it."
    text += " Or edit: the verdicts (yes, no or unsure; after a colon, why)"
    text += "; the next prompt, which is then drawn as written." if more else "."
    image = picture(f"Round {n}", str(question["image"].get("url", "")))
    shown = f"{image}\n\n{plain(question['prompt'])}\n\n{text}"
    args = {"verdicts": _lines(question), **({"prompt": question["prompt"]} if more else {})}
    name = f"Round {n}: {question['passed']} of {question['total']}"
    return name, args, ["approve", "edit", "reject"], shown


def _lines(question: Mapping[str, Any]) -> str:
    """Return what can be edited, an item a line."""
    if question["kind"] == "criteria":
        return "\n".join(criterion["question"] for criterion in question["criteria"])
    return "\n".join(f"{v['n']}. {v['question']} {v['answer']}" for v in question["verdicts"])


def _edited(question: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was changed; what stayed as it was is no answer of a person."""
    answer: dict[str, Any] = {}
    prompt = str(args.get("prompt", question["prompt"]))
    if prompt.strip() != question["prompt"].strip():
        answer["prompt"] = prompt
    name = "criteria" if question["kind"] == "criteria" else "verdicts"
    before, after = _lines(question), str(args.get(name, _lines(question)))
    if after.strip() == before.strip():
        return answer
    lines = [line.strip() for line in after.splitlines() if line.strip()]
    return {**answer, name: lines if name == "criteria" else _rulings(question, lines)}


def _rulings(question: Mapping[str, Any], lines: list[str]) -> dict[str, str]:
    """Return the verdicts of lines that were changed, by number."""
    before = {line.strip() for line in _lines(question).splitlines()}
    rulings: dict[str, str] = {}
    for line in lines:
        number, _, rest = line.partition(".")
        asked = [v["question"] for v in question["verdicts"] if str(v["n"]) == number.strip()]
        if line not in before:
            rulings[number.strip()] = rest.strip().removeprefix(asked[0] if asked else "").strip()
    return rulings


def _rejected(question: Mapping[str, Any], why: str) -> dict[str, Any]:
    """Return the answer that goes on, with the reason at the first criterion that fails, or any."""
    if not why:
        return {}
    failing = [v["n"] for v in question["verdicts"] if v["answer"] != "yes"]
    return {"verdicts": {str((failing or [1])[0]): f"no: {why}"}}
