"""Which atoms of a request a checklist covers, and what is wrong with its criteria."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from typing_extensions import TypedDict

from gems_graph.evaluation.atoms import SKILLS, Atom, Request
from gems_graph.evaluation.facts import Fact, covers, facts_in


class Checked(TypedDict):
    """One criterion, and what it is to the atoms.

    `compound`: it asks for two facts or more (a count implies its object); `wrong_count`: it
    states a number that the atoms contradict.
    """

    question: str
    covers: list[str]
    compound: bool
    wrong_count: bool


def check(question: str, request: Request) -> Checked:
    """Compare one criterion with the atoms of its request."""
    stated = facts_in(question, request.nouns)
    covered = [atom for atom in request.atoms if atom.fact and covers(stated, atom.fact)]
    return Checked(
        question=question,
        covers=[atom.question for atom in covered],
        compound=len(_independent(covered)) > 1,
        wrong_count=_contradicts(stated, request.atoms),
    )


def _independent(covered: Sequence[Atom]) -> list[Atom]:
    """Leave out the objects whose count is asked for as well."""
    counted = {atom.fact.noun for atom in covered if atom.fact and atom.skill == "count"}
    return [a for a in covered if not (a.skill == "object" and a.fact and a.fact.noun in counted)]


def _contradicts(stated: Iterable[Fact], atoms: Sequence[Atom]) -> bool:
    counts = {a.fact.noun: a.fact.value for a in atoms if a.fact and a.skill == "count"}
    return any(
        fact.kind in ("count", "given") and counts.get(fact.noun, fact.value) != fact.value
        for fact in stated
    )


class Item(TypedDict):
    """One request: its standing, its criteria, and the atoms that none of them covers.

    `status` is `read`, `unreadable` (refused, or no checklist could be read), `failed` or
    `not asked`; `error` says in words what went wrong.
    """

    prompt: str
    status: str
    criteria: list[Checked]
    missed: list[str]
    error: str | None


def compare(
    request: Request, questions: Sequence[str], status: str, error: str | None = None
) -> Item:
    """Compare a checklist with the atoms of its request; an unreadable one covers nothing."""
    checked = [check(question, request) for question in questions]
    found = {question for each in checked for question in each["covers"]}
    missed = [a.question for a in request.atoms if a.fact and a.question not in found]
    return Item(prompt=request.prompt, status=status, criteria=checked, missed=missed, error=error)


def summary(requests: Sequence[Request], items: Sequence[Item]) -> dict[str, Any]:
    """Return the figures of a comparison; what failed or was not asked is counted, not judged."""
    judged = [
        (request, item)
        for request, item in zip(requests, items, strict=True)
        if item["status"] in ("read", "unreadable")
    ]
    checked = [each for _, item in judged for each in item["criteria"]]
    by_skill = {skill: _recall(judged, skill) for skill in SKILLS}
    return {
        "requests": len(requests),
        **{s: sum(i["status"] == s for i in items) for s in ("read", "unreadable", "failed")},
        "not_asked": sum(item["status"] == "not asked" for item in items),
        "atoms": sum(row["atoms"] for row in by_skill.values()),
        "atoms_unread": sum(atom.fact is None for request, _ in judged for atom in request.atoms),
        "criteria": len(checked),
        "recall": _share(
            sum(row["covered"] for row in by_skill.values()),
            sum(row["atoms"] for row in by_skill.values()),
        ),
        "precision": _share(sum(bool(each["covers"]) for each in checked), len(checked)),
        "wrong_counts": sum(each["wrong_count"] for each in checked),
        "compound": sum(each["compound"] for each in checked),
        "by_skill": {skill: row for skill, row in by_skill.items() if row["atoms"]},
    }


def _recall(judged: Sequence[tuple[Request, Item]], skill: str) -> dict[str, Any]:
    """Count the atoms of a skill that can be read, and those that are covered."""
    found = [
        atom.question not in item["missed"]
        for request, item in judged
        for atom in request.atoms
        if atom.skill == skill and atom.fact
    ]
    return {"atoms": len(found), "covered": sum(found), "recall": _share(sum(found), len(found))}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
