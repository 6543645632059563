"""Grades of pictures, 0 to 10: one alone, or all side by side."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from gems_graph.images import shown_side, side_for
from gems_graph.models.answers import Form, plain
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, ImageRef, Round, State, Verdict


class Grade(Form):
    """Grades of one picture, and what decided them."""

    evidence: str = ""
    accuracy: float
    quality: float
    coherence: float
    overall: float

    @field_validator("accuracy", "quality", "coherence", "overall")
    @classmethod
    def _in_bounds(cls, grade: float) -> float:
        if not 0 <= grade <= 10:
            msg = "a grade is a number from 0 to 10"
            raise ValueError(msg)
        return grade


class Numbered(Grade):
    """Grades of one picture among several."""

    n: int


class Ranking(Form):
    """Grades of all pictures."""

    grades: list[Numbered]


@module(
    part="judge", candidate=True, role="verifier", templates=("search_score",),
    reads=("attempt",), owes=("rounds",), doing="grading", sees=True,
    calls=lambda work: work.rounds if work.settings.search_scoring == "scalar" else 0,
)  # fmt: skip
async def score(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Grade one candidate; a grade that nobody can read counts as unsure."""
    attempt, n = state["attempt"], state["attempt"]["n"]
    picture = attempt["image"]
    try:
        answer = await toolbox.ask(
            "verifier", "search_score", Grade, branch=f"{n}", picture=picture,
            side=_side(picture, state, toolbox), criterion=state["prompt"],
        )  # fmt: skip
    except (UnreadableError, RefusedError) as error:
        note = f"Candidate {n} has no grade. {error}"
        return {"rounds": [_judged(attempt, _unread(error))], "notes": [note]}
    return {"rounds": [_judged(attempt, _verdict(answer.value, toolbox))]}


@module(
    part="judge", role="verifier", templates=("search_rank",), reads=("drawn",), owes=("rounds",),
    doing="comparing", sees=True,
    calls=lambda work: 1 if work.settings.search_scoring == "listwise" else 0,
)  # fmt: skip
async def rank(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Grade all candidates in one call, which sees them side by side."""
    drawn = sorted(state["drawn"], key=lambda each: each["n"])
    pictures = [
        {"picture": each["image"], "side": _side(each["image"], state, toolbox)} for each in drawn
    ]
    try:
        answer = await toolbox.ask(
            "verifier", "search_rank", Ranking, pictures=pictures, criterion=state["prompt"]
        )
    except (UnreadableError, RefusedError) as error:
        rounds = [_judged(each, _unread(error)) for each in drawn]
        return {"rounds": rounds, "notes": [f"No candidate has a grade. {error}"]}
    numbers = [grade.n for grade in answer.value.grades]
    grades = {each.n: each for each in answer.value.grades if numbers.count(each.n) == 1}
    return {
        "rounds": [
            _judged(each, _verdict(grades[k], toolbox) if k in grades else _unread(None))
            for k, each in enumerate(drawn, start=1)
        ]
    }


def _side(picture: ImageRef, state: State, toolbox: Toolbox) -> int:
    return shown_side(picture, side_for(state["criteria"][0], toolbox.settings))


def _judged(attempt: Attempt, verdict: Verdict) -> Round:
    return Round(**{**attempt, "verdicts": [verdict]})


def _verdict(grade: Grade, toolbox: Toolbox) -> Verdict:
    """Return a grade as a verdict on the one criterion, the request: p(yes) is its tenth."""
    right = grade.overall >= toolbox.settings.search_pass
    evidence = f"{grade.overall:g} of 10. {plain(grade.evidence)}".strip()
    return Verdict(answer="yes" if right else "no", p_yes=grade.overall / 10, evidence=evidence)


def _unread(error: AnswerError | None) -> Verdict:
    refused = isinstance(error, RefusedError)
    said = "it was not graded, or twice" if error is None else str(error)
    return Verdict(
        answer="unsure", p_yes=None, evidence=said,
        unanswered="refused" if refused else "unreadable",
    )  # fmt: skip
