"""Requests with their atoms, in the schema of GenEval2's data (`facebookresearch/GenEval2`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gems_graph.errors import UsageError
from gems_graph.evaluation import wording
from gems_graph.evaluation.facts import Fact, facts_in
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

SKILLS = ("object", "count", "attribute", "position", "verb")
PACKAGED = Path(__file__).with_name("requests.jsonl")
"""Requests of our own over the offline world, in the same schema."""
_THERE = re.compile(r"are there any (.+?)(?: in the (?:image|picture))?", re.IGNORECASE)
_COUNT = re.compile(r"how many (.+?) are (?:there )?in the (?:image|picture)", re.IGNORECASE)


@dataclass(frozen=True)
class Atom:
    """One question about a right picture, and the fact that it asks for.

    Attributes:
        question: as in the data.
        skill: of `SKILLS`.
        fact: None where the rule cannot read the question.
    """

    question: str
    skill: str
    fact: Fact | None


@dataclass(frozen=True)
class Request:
    """A prompt and its atoms; only the prompt is ever shown to a model."""

    prompt: str
    atoms: tuple[Atom, ...]

    @property
    def nouns(self) -> list[str]:
        """What the request is about."""
        return [atom.fact.noun for atom in self.atoms if atom.fact and atom.skill == "object"]


def read(file: Path, limit: int | None = None) -> list[Request]:
    """Read requests, one JSON object a line: `prompt`, `vqa_list`, `skills`.

    Args:
        file: GenEval2's `geneval2_data.jsonl`, or one of the same schema.
        limit: requests at most, from the first.

    Raises:
        UsageError: it cannot be read, holds nothing, or one of its lines is not right.
    """
    requests = [_request(line) for line in islice(json_lines.read(file), limit)]
    if not requests:
        msg = f"{file} holds no requests: write one JSON object a line, as GenEval2's data does."
        raise UsageError(msg)
    return requests


def _request(line: Line) -> Request:
    _, where, fields = line
    prompt, pairs, skills = (fields.get(name) for name in ("prompt", "vqa_list", "skills"))
    if not isinstance(prompt, str) or not prompt.strip():
        msg = f"{where}: `prompt` must be a text."
        raise UsageError(msg)
    if not isinstance(pairs, list) or not all(map(_is_pair, pairs)) or not pairs:
        msg = f"{where}: `vqa_list` must be a list of [question, answer]."
        raise UsageError(msg)
    if (
        not isinstance(skills, list)
        or len(skills) != len(pairs)
        or not all(skill in SKILLS for skill in skills)
    ):
        msg = f"{where}: `skills` must name one of {', '.join(SKILLS)} for each question."
        raise UsageError(msg)
    return Request(prompt.strip(), _atoms(pairs, skills))


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(each, str) and each.strip() for each in value)
    )


def _atoms(pairs: Sequence[Sequence[str]], skills: Sequence[str]) -> tuple[Atom, ...]:
    questions = [question.strip().rstrip("?") for question, _ in pairs]
    nouns = [match[1].lower() for q in questions if (match := _THERE.fullmatch(q))]
    return tuple(
        Atom(pair[0], skill, _fact(question, pair[1], skill, nouns))
        for question, pair, skill in zip(questions, pairs, skills, strict=True)
    )


def _fact(question: str, answer: str, skill: str, nouns: Sequence[str]) -> Fact | None:
    """Return the fact that an atom asks for; None where it cannot be told."""
    if skill == "object":
        match = _THERE.fullmatch(question)
        return Fact("object", match[1].lower()) if match else None
    if skill == "count":
        match, value = _COUNT.fullmatch(question), wording.number(answer.strip().lower())
        same = [n for n in nouns if match and wording.forms(n) & wording.forms(match[1].lower())]
        return Fact("count", same[0], str(value)) if same and value is not None else None
    kind = "attribute" if skill == "attribute" else "relation"
    found = [fact for fact in facts_in(question, nouns) if fact.kind == kind]
    return found[0] if len(found) == 1 else None
