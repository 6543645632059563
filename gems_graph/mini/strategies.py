"""What the offline chat model answers in the roles of other strategies than GEMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import holds
from gems_graph.mini.look import look
from gems_graph.mini.messages import Attempt, Sheet
from gems_graph.mini.refining import refine

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


def _questions(sheet: Sheet) -> Reply:
    questions = write_checklist(parse_request(sheet.part("user_prompt")))
    return {"criteria": questions}, "I ask for all that the request states."


def _questions_with_parents(sheet: Sheet) -> Reply:
    """Ask for the same; no question of mine hangs on another."""
    answer, thought = _questions(sheet)
    return {"questions": [{"question": q, "parents": []} for q in answer["criteria"]]}, thought


def _edit(sheet: Sheet) -> Reply:
    """Write the next prompt as the Refiner does, from what the message shows of the last."""
    current = sheet.attempts("current")
    step = refine(sheet.part("user_prompt"), current[-1] if current else Attempt(), [])
    return {"rationale": step.rationale, "prompt": step.prompt}, step.thought


def _check(sheet: Sheet) -> Reply:
    """Find nothing missing: every wording of mine states the whole request."""
    return {"missing": [], "prompt": ""}, "Every part of the request is in the prompt."


def _compare(sheet: Sheet) -> Reply:
    """Prefer the picture in which more of the request holds."""
    request = sheet.part("user_prompt")
    (first, total), (second, _) = (_held(request, data) for data in sheet.pictures[:2])
    better = "same" if first == second else "first" if first > second else "second"
    said = f"{first} of {total} hold in the first, {second} in the second."
    return {"rationale": said, "better": better}, said


TASKS: dict[str, Callable[[Sheet], Reply]] = {
    "rewrite": _rewrite,
    "score": _score,
    "score-all": _score_all,
    "questions": _questions,
    "edit-prompt": _edit,
    "improve-prompt": _edit,
    "check-prompt": _check,
    "compare": _compare,
    "questions-with-parents": _questions_with_parents,
    "edit-failed": _edit,
}
