"""Probe forms: the templates with which the Verifier asks, and the forms of its answers."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from pydantic import ConfigDict, field_validator

from gems_graph.models.answers import Form
from gems_graph.models.verdicts import read_verdict
from gems_graph.models.words import Word, word_of


def _in_order(*names: str) -> ConfigDict:
    """Return that a schema lists fields in this order, in which servers make models write them."""

    def reorder(schema: dict[str, Any]) -> None:
        schema["properties"] = {name: schema["properties"][name] for name in names}

    return ConfigDict(json_schema_extra=reorder)


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


class Direct(Judgement):
    """One verdict, the answer first."""

    model_config = _in_order("answer", "evidence")


class Numbered(Judgement):
    """One verdict among several."""

    model_config = _in_order("n", "evidence", "answer")

    n: int


class NumberedDirect(Numbered):
    """One verdict among several, the answer first."""

    model_config = _in_order("n", "answer", "evidence")


class Judgements(Form):
    """Verdicts on several criteria, told apart by their numbers."""

    alone = True
    verdicts: list[Numbered]


class JudgementsDirect(Judgements):
    """Verdicts on several criteria, each with its answer first."""

    verdicts: list[NumberedDirect]  # type: ignore[assignment]  # narrower; never written to


class Probe(NamedTuple):
    """How the Verifier asks.

    Attributes:
        template: for one criterion.
        form: of its answer.
        batch_template: for all criteria that are judged on one picture.
        batch_form: of its answer.
        answer_first: whether the answer stands before the evidence.
    """

    template: str
    form: type[Judgement]
    batch_template: str
    batch_form: type[Judgements]
    answer_first: bool


PROBES = {
    "evidence": Probe("verifier", Judgement, "verifier_batched", Judgements, answer_first=False),
    "direct": Probe(
        "verifier_direct", Direct, "verifier_batched_direct", JudgementsDirect, answer_first=True
    ),
}
"""Probe forms by the dial `probe`."""
TEMPLATES = tuple(
    name for probe in PROBES.values() for name in (probe.template, probe.batch_template)
)
