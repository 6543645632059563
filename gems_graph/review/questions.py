"""What a person is asked at a pause, as plain JSON that any client can show."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from gems_graph.memory import best, passes
from gems_graph.runtime.node import in_effect
from gems_graph.state import Criterion, ImageRef, State, Verdict


class CriteriaQuestion(TypedDict):
    """Whether the criteria (C) and the first prompt (P_1) are right.

    `request` is U; `answers` says what may be answered, and how; `problem`, why the answer before
    did not fit.
    """

    kind: Literal["criteria"]
    request: str
    prompt: str
    skills: list[str]
    criteria: list[Criterion]
    answers: dict[str, str]
    problem: NotRequired[str]


class Judged(Criterion, Verdict):
    """A criterion with its verdict; `n` counts from 1."""

    n: int


class VerdictQuestion(TypedDict):
    """Whether the Verifier is right about I_i, and what the next prompt should be.

    `passed` of `total` criteria hold; `best` is the best round so far.
    """

    kind: Literal["verdict"]
    request: str
    prompt: str
    round: int
    max_iterations: int
    image: ImageRef
    verdicts: list[Judged]
    passed: int
    total: int
    best: int
    answers: dict[str, str]
    problem: NotRequired[str]


Question = CriteriaQuestion | VerdictQuestion


def about_criteria(state: State) -> CriteriaQuestion:
    """Ask about the criteria, those of a picked skill included."""
    return CriteriaQuestion(
        kind="criteria",
        request=state["prompt"],
        prompt=state["attempt"]["prompt"],
        skills=state.get("skills", []),
        criteria=[*state["criteria"], *state.get("skill_criteria", [])],
        answers={
            "criteria": "the whole list as it should be, one yes/no question each",
            "prompt": "another first prompt, drawn as written",
        },
    )


def about_verdict(state: State) -> VerdictQuestion:
    """Ask about the last round; once the rounds are spent, no longer about another prompt."""
    last, settings = state["rounds"][-1], in_effect(state)
    pairs = zip(state["criteria"], last["verdicts"], strict=True)
    answers = {
        "verdicts": 'overrule by number: {"2": "yes"}, or with a reason: {"2": "no: it is blue"}',
        "accept": "true: take this picture, whatever its score",
    }
    if last["n"] < settings.max_iterations:
        answers["prompt"] = "the next prompt, drawn as written, instead of the Refiner's"
    return VerdictQuestion(
        kind="verdict",
        request=state["prompt"],
        prompt=last["prompt"],
        round=last["n"],
        max_iterations=settings.max_iterations,
        image=last["image"],
        verdicts=[Judged(n=n, **c, **v) for n, (c, v) in enumerate(pairs, start=1)],
        passed=passes(last),
        total=len(last["verdicts"]),
        best=best(state["rounds"], settings.tie_break, settings.select_by)["n"],
        answers=answers,
    )
