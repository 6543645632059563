"""What the offline chat model answers in the roles of other strategies than GEMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import holds
from gems_graph.mini.look import look
from gems_graph.mini.messages import Sheet

Reply = tuple[dict[str, Any], str]
_GRADES = ("accuracy", "quality", "coherence", "overall")


def _rewrite(sheet: Sheet) -> Reply:
    """Leave the request as it is: no finer words help the offline generator."""
    return {"prompt": sheet.part("user_prompt")}, "The request is as plain as I can make it."


def _score(sheet: Sheet) -> Reply:
    """Grade one picture by the share of the checklist that holds."""
    grade = _grade(sheet.part("criterion"), sheet.pictures[0])
    return grade, "I went through all that the request states."


def _score_all(sheet: Sheet) -> Reply:
    """Grade each picture as if it were alone."""
    request = sheet.part("criterion")
    grades = [{"n": n, **_grade(request, data)} for n, data in enumerate(sheet.pictures, start=1)]
    return {"grades": grades}, "I went through all that the request states, in each picture."


def _grade(request: str, data: bytes) -> dict[str, Any]:
    held, total = _held(request, data)
    grade = round(10 * held / total, 1)
    return {"evidence": f"{held} of {total} hold.", **dict.fromkeys(_GRADES, grade)}


def _held(request: str, data: bytes) -> tuple[int, int]:
    """Return how much of a request a picture shows, and of how much."""
    picture, questions = look(data), write_checklist(parse_request(request))
    return sum(holds(question, picture) for question in questions), len(questions)


TASKS: dict[str, Callable[[Sheet], Reply]] = {
    "rewrite": _rewrite,
    "score": _score,
    "score-all": _score_all,
}
