"""Verifier: a model answers every criterion about I_i, V_i = F_ver(I_i, C) (Eq. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pydantic import field_validator

from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from gems_graph.models.answers import Answer, Form, plain
from gems_graph.models.likelihood import p_yes
from gems_graph.models.verdicts import read_verdict
from gems_graph.models.words import Word, word_of
from gems_graph.prompting.sanitize import excerpt
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Criterion, ImageRef, Round, State, Verdict


class Judgement(Form):
    """One verdict, however it is said; what could be taken for two is asked for again."""

    evidence: str = ""
    answer: Word

    @field_validator("answer", mode="before")
    @classmethod
    def _word(cls, answer: object) -> object:
        return word_of(answer) or answer

    @classmethod
    def read(cls, text: str) -> Self:
        """Read JSON of the schema, a word, or a statement such as `Answer: yes`."""
        return cls.model_validate(read_verdict(text)._asdict())


class Numbered(Judgement):
    """One verdict among several."""

    n: int


class Judgements(Form):
    """Verdicts on several criteria, told apart by their numbers."""

    alone = True
    verdicts: list[Numbered]


def _calls(work: Workload) -> int:
    """Count a probe for each criterion, or one call for all and the doubtful ones asked again."""
    probes = work.criteria
    if work.settings.verify == "batched" and probes > 1:
        probes = 1 if work.least else 1 + probes
    return work.rounds * probes


@module(
    part="judge", role="verifier", templates=("verifier", "verifier_batched"),
    reads=("attempt",), owes=("rounds",), doing="looking", calls=_calls, sees=True,
)  # fmt: skip
async def verifier(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Judge every criterion; a model that cannot be reached raises, and gives no verdict."""
    attempt, criteria = state["attempt"], state["criteria"]
    verdicts: dict[int, Verdict] = {}
    if toolbox.settings.verify == "batched" and len(criteria) > 1:
        verdicts = await _judge_all(attempt["image"], criteria, toolbox)
    remaining = [k for k in range(len(criteria)) if k not in verdicts]
    cases = [{"picture": attempt["image"], "criterion": criteria[k]["question"]} for k in remaining]
    answers = await toolbox.ask_each("verifier", "verifier", Judgement, cases, logprobs=True)
    verdicts |= zip(remaining, map(_verdict, answers), strict=True)
    ordered = [verdicts[k] for k in range(len(criteria))]
    unreadable = [each for each in answers if isinstance(each, UnreadableError)]
    return {
        "rounds": [Round(**{**attempt, "verdicts": ordered})],
        "notes": [_note(attempt["n"], unreadable)] if unreadable else [],
    }


def _note(n: int, unreadable: Sequence[UnreadableError]) -> str:
    return f"Round {n}: {len(unreadable)} answers count as unsure. {unreadable[0]}"


def _verdict(answer: Answer[Judgement] | AnswerError) -> Verdict:
    """Return the verdict of one probe; one refused or in no readable form is unsure."""
    if isinstance(answer, RefusedError):
        return Verdict(answer="unsure", p_yes=None, evidence=str(answer), unanswered="refused")
    if isinstance(answer, AnswerError):
        evidence = f"no readable answer; it began: “{excerpt(answer.raw)}”"
        return Verdict(answer="unsure", p_yes=None, evidence=evidence, unanswered="unreadable")
    judgement, probability = answer.value, p_yes(answer.reply.logprobs)
    return Verdict(answer=judgement.answer, p_yes=probability, evidence=plain(judgement.evidence))


async def _judge_all(
    picture: ImageRef, criteria: list[Criterion], toolbox: Toolbox
) -> dict[int, Verdict]:
    """Ask for all verdicts in one call, and return the clear ones by index of the criterion.

    A missing, repeated or unsure verdict is left out; so are all where the answer as a whole cannot
    be read or is refused.
    """
    questions = [criterion["question"] for criterion in criteria]
    try:
        answer = await toolbox.ask(
            "verifier", "verifier_batched", Judgements, picture=picture, criteria=questions
        )
    except AnswerError:
        return {}
    by_criterion: dict[int, list[Numbered]] = {}
    for verdict in answer.value.verdicts:
        by_criterion.setdefault(verdict.n - 1, []).append(verdict)
    return {
        k: Verdict(answer=answers[0].answer, p_yes=None, evidence=plain(answers[0].evidence))
        for k, answers in by_criterion.items()
        if 0 <= k < len(criteria) and len(answers) == 1 and answers[0].answer != "unsure"
    }
