"""Pictures with yes/no questions whose answers are known, from a folder of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

LABELS = "labels.jsonl"


class Question(NamedTuple):
    """A criterion, whether it holds, and what kind it is of, if anybody said."""

    text: str
    holds: bool
    skill: str = ""


@dataclass(frozen=True)
class Case:
    """A picture and its questions.

    Attributes:
        name: for messages.
        load: reads the encoded picture.
        questions: with their answers, which no model is shown.
    """

    name: str
    load: Callable[[], bytes]
    questions: tuple[Question, ...]


def labelled(folder: Path) -> list[Case]:
    """Read a folder of pictures with `labels.jsonl` in it, one JSON object a line.

    `{"image": "a.png", "criteria": [{"question": "...", "answer": "yes"}]}`; the answer is yes or
    no, a `skill` may stand beside it.

    Raises:
        UsageError: it cannot be read, holds nothing, or one of its lines is not right.
    """
    file = folder / LABELS
    lines = json_lines.read(file, "name a folder of pictures with that file in it")
    cases = [_case(folder, line) for line in lines]
    if not cases:
        msg = f"{file} holds no pictures: write one JSON object a line, with image and criteria."
        raise UsageError(msg)
    return cases


def _case(folder: Path, line: Line) -> Case:
    _, where, fields = line
    if fields.keys() != {"image", "criteria"}:
        msg = f"{where}: write an object with `image` and `criteria`, and nothing else."
        raise UsageError(msg)
    path = _inside(folder, fields["image"], where)
    criteria = fields["criteria"]
    if not isinstance(criteria, list) or not criteria:
        msg = f"{where}: `criteria` must be a list of questions with their answers."
        raise UsageError(msg)
    return Case(fields["image"], path.read_bytes, tuple(_question(c, where) for c in criteria))


def _inside(folder: Path, name: object, where: str) -> Path:
    """Return the path of a picture, which must lie in the folder."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    path = folder.joinpath(*parts)
    if not parts or parts[0] == "/" or ".." in parts or not path.is_file():
        msg = f"{where}: there is no picture {name!r} in {folder}."
        raise UsageError(msg)
    return path


def _question(value: Any, where: str) -> Question:
    if not isinstance(value, dict) or not {"question", "answer"} <= value.keys() <= {
        "question", "answer", "skill"
    }:  # fmt: skip
        msg = f"{where}: a criterion has `question` and `answer`, and may have a `skill`."
        raise UsageError(msg)
    question, answer, skill = value["question"], value["answer"], value.get("skill", "")
    if not isinstance(question, str) or not question.strip() or not isinstance(skill, str):
        msg = f"{where}: `question` and `skill` must be texts."
        raise UsageError(msg)
    if answer not in ("yes", "no"):
        msg = f'{where}: the answer to {question!r} must be "yes" or "no", not {answer!r}.'
        raise UsageError(msg)
    return Question(question.strip(), answer == "yes", skill)
