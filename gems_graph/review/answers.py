"""What a person may answer at a pause; plain `true` goes on without a change."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from langgraph.types import Interrupt
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import check_text
from gems_graph.review.decisions import answer_of, decisions_in
from gems_graph.review.questions import Question
from gems_graph.state import Attempt, Thought

Word = Literal["yes", "no", "unsure"]
A = TypeVar("A", bound="Answer")
_RULING = re.compile(r"\s*(yes|no|unsure)\s*(?::(.*))?", re.IGNORECASE | re.DOTALL)


class UnfitAnswerError(UsageError):
    """An answer does not fit its question."""


class Ruling(NamedTuple):
    """A person's verdict on one criterion, and the reason; empty: none was given."""

    answer: Word
    reason: str


class Answer(BaseModel):
    """The fields that any answer may have."""

    pause: ClassVar[str]
    """The setting under which it is asked for."""
    asked: ClassVar[Any] = None  # the question, where it is known
    model_config = ConfigDict(extra="forbid")

    prompt: str | None = Field(default=None, description="A prompt to draw, as written.")

    @model_validator(mode="before")
    @classmethod
    def _true_changes_nothing(cls, value: object) -> object:
        if cls.asked and (decisions := decisions_in(value)) is not None:
            return answer_of(cls.asked, decisions)
        return {} if value is True or value is None else value

    @model_validator(mode="before")
    @classmethod
    def _plain_text(cls, value: object) -> object:
        """Refuse text that no database keeps, in whichever field."""
        try:
            for text in _texts(value):
                check_text(text, "The answer")
        except UsageError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("prompt")
    @classmethod
    def _not_blank(cls, prompt: str | None) -> str | None:
        if prompt is not None and not prompt.strip():
            msg = "The prompt is empty: say what to draw, or leave it out."
            raise ValueError(msg)
        return prompt and prompt.strip()

    def attempt(self, n: int) -> dict[str, Attempt]:
        """Return the update of state that draws the prompt in round n, if one was given."""
        if not self.prompt:
            return {}
        nothing = Thought(text="", sha256=None)
        return {"attempt": Attempt(n=n, prompt=self.prompt, thought=nothing, origin="user")}


class CriteriaAnswer(Answer):
    """The answer to a `CriteriaQuestion`."""

    pause = "criteria"

    criteria: list[str] | None = Field(
        default=None, description="The whole list as it should be, one yes/no question each."
    )

    @field_validator("criteria")
    @classmethod
    def _not_empty(cls, criteria: list[str] | None) -> list[str] | None:
        if criteria is None:
            return None
        questions = [question.strip() for question in criteria if any(map(str.isalnum, question))]
        if not questions:
            msg = "The list holds no criteria: give at least one yes/no question, or leave it out."
            raise ValueError(msg)
        return list(dict.fromkeys(questions))


class VerdictAnswer(Answer):
    """The answer to a `VerdictQuestion`."""

    pause = "verdicts"

    verdicts: dict[int, str] = Field(
        default={},
        description="Verdicts overruled, by number of the criterion: yes, no or unsure, and after "
        "a colon the reason, if there is one to tell.",
        examples=[{"2": "yes", "3": "no: the hat is blue"}],
    )
    accept: bool = Field(default=False, description="Take this picture, whatever its score.")

    def rulings(self) -> dict[int, Ruling]:
        """Return the verdicts overruled, by number."""
        return {n: _ruling(n, text) for n, text in self.verdicts.items()}

    @model_validator(mode="after")
    def _fits(self) -> VerdictAnswer:
        total, rounds = self.asked["total"], self.asked["max_iterations"]
        if unknown := [n for n in self.rulings() if not 1 <= n <= total]:
            msg = f"There is no criterion {unknown[0]}; they are numbered 1 to {total}."
            raise ValueError(msg)
        if self.prompt and self.accept:
            msg = "Accepting ends the run, so the prompt would not be drawn: leave one of them out."
            raise ValueError(msg)
        if self.prompt and "prompt" not in self.asked["answers"]:
            msg = f"The rounds are spent ({rounds} of {rounds}): overrule, accept, or go on."
            raise ValueError(msg)
        return self


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in an answer, in whichever field."""
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(inner, Collection) and not isinstance(inner, str | bytes):
        for each in inner:
            yield from _texts(each)


def _ruling(n: int, text: str) -> Ruling:
    if not (match := _RULING.fullmatch(text)):
        msg = f"The verdict on criterion {n} cannot be {text!r}: say yes, no or unsure."
        raise ValueError(msg)
    return Ruling(match[1].lower(), (match[2] or "").strip())  # type: ignore[arg-type]


def form_of(base: type[A], question: Question) -> type[A]:
    """Return the form of answers to one question, which checks them against it."""
    form = create_model(base.__name__, __base__=base, __doc__=base.__doc__)
    form.asked = question
    return form


def check(question: Question, answer: Any) -> None:
    """Make sure that an answer fits its question.

    Raises:
        UnfitAnswerError: it does not; the message says why.
    """
    base = CriteriaAnswer if question["kind"] == "criteria" else VerdictAnswer
    try:
        form_of(base, question).model_validate(answer)
    except ValidationError as error:
        raise UnfitAnswerError(in_words(error, question)) from error


def refuse_unfit(asked: Sequence[Interrupt[Any]]) -> None:
    """Make sure that no question is asked again because its answer did not fit.

    Raises:
        UnfitAnswerError: one is; the message says why.
    """
    for each in asked:
        if isinstance(each.value, Mapping) and (problem := each.value.get("problem")):
            msg = f"{problem} The run still waits."
            raise UnfitAnswerError(msg)


def in_words(error: ValidationError, question: Question) -> str:
    """Say in one sentence what is wrong with an answer."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    if first["type"] == "extra_forbidden" or not name:
        subject = repr(name or first["input"])
        choices = ", ".join(question["answers"])
        return f"{subject} is no answer to this: it takes {choices}, or just true."
    return f"The answer's {name} is not valid: {first['msg']}."
