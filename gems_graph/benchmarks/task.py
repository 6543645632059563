"""What every benchmark offers: prompts, where pictures go, and a score from judges' answers."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from gems_graph.benchmarks.checks import is_number, wrong
from gems_graph.errors import UsageError

Ratio = tuple[float, float]
"""Numerator and denominator: a mean is the sum of the former by the sum of the latter."""
Statistics = dict[str, Ratio]
Figures = dict[str, float | None]


@dataclass(frozen=True)
class Prompt:
    """One prompt of a benchmark.

    Attributes:
        id: names its pictures; unique in the benchmark.
        text: what an agent is shown, together with the id, and nothing else.
        own: the id that the data itself gives; None: its line is all there is.
        data: what the judge may know, and an agent never.
    """

    id: str
    text: str
    own: str | int | None = None
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Home:
    """Where data lives publicly, and what its licence lets one do.

    Attributes:
        url: of the project.
        licence: in a few words.
        repo: on the Hugging Face hub, for `huggingface_hub`; empty: it has to be fetched by hand.
        kind: of that repository: `dataset`, `model` or `space`.
    """

    url: str
    licence: str
    repo: str = ""
    kind: str = "dataset"


class Task(ABC):
    """A benchmark; subclasses say how it differs, and what can be measured (`capabilities.py`).

    Attributes:
        name: on the command line.
        title: in tables.
        samples: pictures a prompt, as the official protocol has them.
        metric: the figure that stands for the benchmark.
        scale: takes that figure to 0..100 where scores of several are averaged.
        column: in the paper's Table 1 or 2; empty: in neither.
        table: of the paper, its own; empty: none.
        files: of the data, in the folder of the data or in one of `folders` below it.
        folders: where they lie in the official repository and in collections.
        home: of the data.
        answers_form: what `answers` holds in a file of answers, in words.
        route: where scores come from: by an `endpoint` of ours too, or only `official`; from
            the `pixels`, where the truth is known.
        official: the command of the official scorer; `{pictures}`, `{results}` are filled in.
        prompt_file: whether the judge's prompt has to come from the user (`--judge-prompt`).
        logprobs: whether the judge must give log-probabilities.
        judge: the official one, in words.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    samples: ClassVar[int] = 1
    metric: ClassVar[str]
    scale: ClassVar[float] = 1.0
    column: ClassVar[str] = ""
    table: ClassVar[str] = ""
    files: ClassVar[tuple[str, ...]]
    folders: ClassVar[tuple[str, ...]] = ()
    home: ClassVar[Home]
    answers_form: ClassVar[str]
    route: ClassVar[str] = "official"
    official: ClassVar[tuple[str, ...]] = ()
    prompt_file: ClassVar[bool] = False
    logprobs: ClassVar[bool] = False
    judge: ClassVar[str] = ""

    @abstractmethod
    def load(self, folder: Path) -> list[Prompt]:
        """Read the prompts, in the order of the data.

        Raises:
            UsageError: the data is not there, or a record is malformed; the message names it.
        """

    def expected(self, folder: Path) -> list[Prompt]:
        """Return what is needed of the prompts to score answers; the same errors."""
        return self.load(folder)

    @abstractmethod
    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return where the official scorer wants a single picture, relative to the layout."""

    def grid(self, prompt: Prompt) -> str:
        """Return where it wants the 2x2 grid of a prompt's pictures; empty: it wants singles."""
        return ""

    def manifests(self, prompts: Sequence[Prompt], samples: int) -> dict[str, str]:
        """Return further files of the layout by relative path."""
        return {}

    @abstractmethod
    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Return what one prompt adds to the figures.

        Args:
            prompt: of the data.
            answers: of each sample, in the form of `answers_form`.

        Raises:
            UsageError: they are not of that form.
        """

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Return the figures from the means over prompts, `metric` among them."""
        return dict(means)

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]] | Figures:
        """Return lines of answers from the official scorer's result file, or figures alone.

        Where a scorer leaves no file with answers, that is a JSON object of figures by name, as
        whoever ran it wrote them down.

        Raises:
            UsageError: it is not such a file.
        """
        found = parsed(text)
        named = isinstance(found, dict) and self.metric in found
        if not named or not all(is_number(value) for value in found.values()):
            msg = (
                f"{self.title}: write the scorer's figures as a JSON object, {self.metric!r} first."
            )
            raise UsageError(msg)
        return {name: float(value) for name, value in found.items()}


def parsed(text: str) -> Any:
    """Return a text as JSON; None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def one_number(value: Any, where: str, what: str, low: float, high: float) -> float:
    """Return a number, or the only one of a list.

    Raises:
        UsageError: it is none, or out of bounds.
    """
    single = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not is_number(single) or not low <= single <= high:
        raise wrong(where, f"{what}, from {low:g} to {high:g}", value)
    return float(single)


def as_json(value: Any) -> str:
    """Return text for a manifest, as the official scripts write it."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
