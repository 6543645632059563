"""WISE as the paper has it (legacy; Niu et al., arXiv 2503.07265): knowledge in six fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from gems_graph.benchmarks.checks import numbers, text_field, unique
from gems_graph.benchmarks.data import Places, records
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task, one_number
from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

Field = tuple[str, int, float]
"""Name, last id, weight."""
_PARTS = ("consistency", "realism", "aesthetic")


class Wise(Task):
    """WiScore (0.7 consistency + 0.2 realism + 0.1 aesthetic) / 2, weighted over six fields."""

    name, title = "wise", "WISE"
    metric, scale, column, table = "overall", 100.0, "WISE", "9_wise"
    files: ClassVar[tuple[str, ...]] = (
        "cultural_common_sense.json",
        "spatio-temporal_reasoning.json",
        "natural_science.json",
    )
    folders: ClassVar[tuple[str, ...]] = (
        "data",
        "WISE_legacy/data",
        "WISE/WISE_legacy/data",
        "wise",
    )
    home = Home("https://github.com/PKU-YuanGroup/WISE", "none stated: not redistributed")
    answers_form = "[consistency, realism, aesthetic quality], each 0, 1 or 2"
    route, prompt_file, judge = "endpoint", True, "GPT-4o-2024-05-13"
    official = (
        "python WISE_legacy/gpt_eval.py --json_path FILE --image_dir {pictures} --output_dir OUT "
        "--api_key KEY --model gpt-4o-2024-05-13 --result_full full.json --result_scores {results}",
        "python WISE_legacy/Calculate.py OUT/*_scores_results.jsonl --category all",
    )
    fields: ClassVar[tuple[Field, ...]] = (
        ("culture", 400, 0.4), ("time", 567, 0.167), ("space", 700, 0.133),
        ("biology", 800, 0.1), ("physics", 900, 0.1), ("chemistry", 1000, 0.1),
    )  # fmt: skip

    def load(self, folder: Path) -> list[Prompt]:
        """Read the three files; malformed records are named."""
        places = Places(folder, self.folders)
        found = [places.need(name, self.home.url) for name in self.files]
        prompts = [self._prompt(line) for file in found for line in records(file)]
        unique([prompt.own for prompt in prompts], str(found[0].parent))
        return sorted(prompts, key=lambda prompt: int(prompt.id))

    def expected(self, folder: Path) -> list[Prompt]:
        """Return the thousand ids alone: the field follows from the id, no file is needed."""
        return [Prompt(str(n), "", n) for n in range(1, self.fields[-1][1] + 1)]

    def _prompt(self, line: Line) -> Prompt:
        text = text_field(line.fields, "Prompt", line.where)
        text_field(line.fields, "Explanation", line.where)
        number = line.fields.get("prompt_id")
        last = self.fields[-1][1]
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= last:
            msg = f"{line.where}: `prompt_id` must be a number from 1 to {last}."
            raise UsageError(msg)
        return Prompt(str(number), text, number, line.fields)

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `1.png`, further samples `1_1.png`."""
        return f"{prompt.id}{f'_{sample}' * (sample > 0)}.png"

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Add the WiScore to the field that the id belongs to."""
        field = next(name for name, last, _ in self.fields if int(prompt.id) <= last)
        scores = [self._score(each, f"{self.title}, prompt {prompt.id}") for each in answers]
        return {field: (sum(scores), len(scores))}

    def _score(self, answers: Any, where: str) -> float:
        if isinstance(answers, Mapping):
            lower = {name.lower().split("_")[0]: value for name, value in answers.items()}
            answers = [lower.get(part) for part in _PARTS]
        consistency, realism, aesthetic = numbers(answers, where, 3, 0, 2)
        return (0.7 * consistency + 0.2 * realism + 0.1 * aesthetic) / 2

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Weigh the six fields; there is no overall score without all of them."""
        whole = all(name in means for name, _, _ in self.fields)
        overall = sum(weight * means.get(name, 0.0) for name, _, weight in self.fields)
        return {"overall": overall if whole else None, **means}

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Fill prompt and explanation into the official judge's prompt, which the user brings."""
        words = template.replace("{prompt}", prompt.text)
        return [Query(words.replace("{explanation}", prompt.data["Explanation"]), max_tokens=2000)]

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return the three numbers; the last of each name counts."""
        found = re.findall(
            r"\*{0,2}(consistency|realism|aesthetic)(?: quality)?\*{0,2}\s*[:：]?\s*\*{0,2}\s*(\d)",
            replies[0].text.lower(),
        )
        scores = {name: int(value) for name, value in found}
        if any(scores.get(part, 9) > 2 for part in _PARTS):
            msg = f"three scores from 0 to 2 are missing in {replies[0].text[:80]!r}"
            raise ValueError(msg)
        return [scores[part] for part in _PARTS]

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
        """Read `*_scores_results.jsonl`, one or several behind one another."""
        return _scores(
            text, lambda line: [line.get(name) for name in (*_PARTS[:2], "aesthetic_quality")]
        )


def _scores(text: str, answers: Any) -> list[dict[str, Any]]:
    lines = [line for line in text.split("\n") if line.strip()]
    fields = [json_lines.parse(line, f"result line {n}") for n, line in enumerate(lines, start=1)]
    return [{"id": each.get("prompt_id"), "sample": 0, "answers": answers(each)} for each in fields]


class WiseVerified(Wise):
    """The newer edition: one score a picture, 0 or 1, and other weights."""

    name, title, column, table = "wise_verified", "WISE Verified", "", ""
    files = (
        "cultural_common_sense_verified.json",
        "spatio-temporal_reasoning_verified.json",
        "natural_science_verified.json",
    )
    folders = ("data_verified", "WISE/data_verified", "wise_verified")
    answers_form = "0 or 1"
    judge = "Qwen3.5-35B-A3B"
    official = (
        "bash eval_qwen.sh",
        "python calculate_verified.py {pictures}/Results-qwen35/*_scores_results.jsonl "
        "--category all",
    )
    fields = (
        ("culture", 400, 0.4), ("time", 520, 0.12), ("space", 640, 0.12),
        ("biology", 760, 0.12), ("physics", 880, 0.12), ("chemistry", 1000, 0.12),
    )  # fmt: skip

    def _score(self, answers: Any, where: str) -> float:
        return one_number(answers, where, "a score, 0 or 1", 0, 1)

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return the last score of the reply."""
        found = re.findall(r"\bscore\*{0,2}\s*[:：]\s*\*{0,2}\s*([01])\b", replies[0].text.lower())
        if not found:
            msg = f"no score 0 or 1 in {replies[0].text[:80]!r}"
            raise ValueError(msg)
        return int(found[-1])

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
        """Read `*_scores_results.jsonl`."""
        return _scores(text, lambda line: line.get("score", line.get("Score")))


TASK = Wise()
