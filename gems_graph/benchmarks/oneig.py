"""OneIG-Bench (Chang et al., arXiv 2506.07977): five measures, each over some of the classes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from gems_graph.benchmarks import oneig_text
from gems_graph.benchmarks.checks import truths, unique, wrong
from gems_graph.benchmarks.data import Places, rows
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.oneig_data import ALIGNED, Annotations
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task, one_number
from gems_graph.errors import UsageError
from gems_graph.system.json_lines import Line

CLASSES = {
    "Anime_Stylization": "anime", "Portrait": "human", "General_Object": "object",
    "Text_Rendering": "text", "Knowledge_Reasoning": "reasoning",
    "Multilingualism": "multilingualism",
}  # fmt: skip
MEASURES = ("alignment", "text", "reasoning", "style", "diversity")
_COLUMNS = {
    "alignment": "alignment", "text score": "text", "reasoning": "reasoning", "style": "style",
    "total average": "diversity",
}  # fmt: skip
"""Names of the measures in the official scorer's files."""
MODEL = "gems"
"""The folder between class and picture: the official scorer's `--model_names`."""


def commands(language: str, aligned: str) -> tuple[str, ...]:
    """Return the official scorers' commands, one a measure.

    Args:
        language: `EN` or `ZH`.
        aligned: classes with questions about alignment.
    """

    def score(measure: str, place: str = "", classes: str = "") -> str:
        asked = f" --class_items {classes}" if classes else ""
        return (
            f"python -m scripts.{measure}.{measure}_score --image_dirname {{pictures}}{place} "
            f"--mode {language} --model_names {MODEL} --image_grid 2,2{asked}"
        )

    return (
        score("alignment", classes=aligned), score("text", "/text"),
        score("reasoning", "/reasoning"), score("style", "/anime"),
        score("diversity", classes=f"{aligned} text reasoning"),
    )  # fmt: skip


class OneIg(Task):
    """The plain mean of alignment, text, reasoning, style and diversity, 0 to 1.

    Attributes:
        column_of_prompts: in the file of prompts.
        suffix: of the annotations.
        longest: edit distance that counts as a total failure.
    """

    samples, metric, scale = 4, "overall", 100.0
    column_of_prompts: ClassVar[str]
    suffix: ClassVar[str]
    longest: ClassVar[int]
    folders = ("oneig", "OneIG-Benchmark", "scripts", "OneIG-Benchmark/scripts")
    home = Home(
        "https://github.com/OneIG-Bench/OneIG-Benchmark",
        "CC BY-NC 4.0 (by its Hugging Face card)",
        "OneIG-Bench/OneIG-Bench",
    )
    answers_form = (
        "an object with what was measured: `alignment` (a list of yes or no, one a question), "
        "`text` (what was read), `reasoning`, `style`, `diversity` (numbers; of a prompt's "
        "pictures, diversity stands once)"
    )
    route, prompt_file = "endpoint", True
    judge = "Qwen2.5-VL-7B-Instruct (alignment, text), local encoders (the rest)"

    def load(self, folder: Path) -> list[Prompt]:
        """Read the prompts, and the annotations that are there."""
        places = Places(folder, self.folders)
        file = places.need(self.files[0], self.home.url)
        columns = ("category", "id", self.column_of_prompts)
        notes = Annotations(places, self.suffix)
        prompts = [self._prompt(line, notes) for line in rows(file, columns)]
        unique([prompt.own for prompt in prompts], str(file))
        return prompts

    def _prompt(self, line: Line, notes: Annotations) -> Prompt:
        kind = CLASSES.get(line.fields["category"])
        text, number = line.fields[self.column_of_prompts], line.fields["id"]
        number = number.zfill(3)  # JSON has numbers
        if not kind or not text.strip() or not number.isdigit():
            msg = f"{line.where}: category, id or {self.column_of_prompts} is not right."
            raise UsageError(msg)
        own = f"{kind}_{number}"
        data = {"class": kind, "id": number, **notes.of(kind, number)}
        return Prompt(own, text, own, data)

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return where a single is kept until the grid is made, outside of the layout."""
        return f"{prompt.data['class']}/{prompt.data['id']}_{sample}.webp"

    def grid(self, prompt: Prompt) -> str:
        """Return `object/MODEL/000.webp`."""
        return f"{prompt.data['class']}/{MODEL}/{prompt.data['id']}.webp"

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Average each measure over the prompt's pictures; the text's counts are pooled."""
        where = f"{self.title}, prompt {prompt.id}"
        if not all(isinstance(each, Mapping) and {*each} <= {*MEASURES} for each in answers):
            raise wrong(where, f"an object with {', '.join(MEASURES)}", answers)

        def given(measure: str) -> list[Any]:
            return [each[measure] for each in answers if measure in each]

        found: Statistics = {}
        if listed := given("alignment"):
            scores = [self._aligned(prompt, each, where) for each in listed]
            found["alignment"] = (sum(scores) / len(scores), 1)
        for measure in MEASURES[2:]:
            if values := [one_number(v, where, measure, -1, 2) for v in given(measure)]:
                found[measure] = (sum(values) / len(values), 1)
        if read := given("text"):
            found |= oneig_text.statistics(_wanted(prompt, where), read, where)
        return found

    def _aligned(self, prompt: Prompt, answers: Any, where: str) -> float:
        """Zero what depends on a no, one level deep, and average."""
        questions, parents = prompt.data.get("questions"), prompt.data.get("parents", {})
        if not questions:
            msg = f"{where}: its questions are missing; put scripts/alignment/Q_D beside the data."
            raise UsageError(msg)
        said = dict(zip(questions, truths(answers, where, len(questions)), strict=True))
        held = [
            said[number] and all(said.get(parent, True) for parent in parents.get(number, ()))
            for number in questions
        ]
        return sum(held) / len(held)

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Put the text's three counts together, and average the five measures."""
        figures: Figures = dict(means)
        if "text_ed" in means:
            missed = (1 - means["text_cr"]) * (1 - means["text_wac"])
            distance = min(float(self.longest), means["text_ed"])
            figures["text"] = 1 - distance * missed / self.longest
        five = [figures.get(measure) for measure in MEASURES]
        known = [each for each in five if each is not None]
        return {"overall": sum(known) / 5 if len(known) == 5 else None, **figures}

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Ask for alignment or let it read; style, reasoning and diversity need local encoders."""
        data = prompt.data
        if data["class"] in ALIGNED and data.get("questions"):
            asked = data["questions"].values()
            return [Query(template.replace("{question}", q), max_tokens=8) for q in asked]
        if data["class"] == "text":
            long = len(str(data.get("text", "")).split()) > 60
            return [Query(oneig_text.READ, max_tokens=256 if long else 128)]
        return []

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]] | Figures:
        """Read the five `*_score_*.csv` behind one another, each of one model."""
        found: Figures = {}
        lines = [line.split(",") for line in text.splitlines() if line.strip()]
        for head, row in itertools.pairwise(lines):
            named = dict(zip(head[1:], row[1:], strict=False)) if not head[0] else {}
            found |= {_COLUMNS[n]: float(v) for n, v in named.items() if n in _COLUMNS and v}
        if not found:
            return super().imported(text, prompts)
        five = [found.get(measure) for measure in MEASURES]
        known = [each for each in five if each is not None]
        return {"overall": sum(known) / 5 if len(known) == 5 else None, **found}

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return what was answered or read; only `Yes` counts as a yes, as upstream."""
        if prompt.data["class"] == "text":
            return {"text": oneig_text.without_phrases(replies[0].text)}
        return {"alignment": ["yes" if r.text.strip() == "Yes" else "no" for r in replies]}


def _wanted(prompt: Prompt, where: str) -> str:
    if not (text := prompt.data.get("text")):
        msg = f"{where}: its text is missing; put scripts/text/text_content*.csv beside the data."
        raise UsageError(msg)
    return str(text)
