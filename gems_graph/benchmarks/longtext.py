"""LongText-Bench (X-Omni): the share of the wanted text that can be read in the pictures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from gems_graph.benchmarks.checks import text_field, texts, unique, wrong
from gems_graph.benchmarks.data import Places, lines
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Home, Prompt, Statistics, Task
from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

LETTERS = "\u4e00-\u9fa5a-zA-Z0-9àâäéèêëîïôöùûüçÀÂÄÉÈÊËÎÏÔÖÙÛÜÇ"
"""All that the official scripts leave of a text, besides blanks."""
READ = (
    "Recognize the text in the image, only reply with the text content, but avoid repeating "
    "previously mentioned content. If no text is recognized, please reply with "
    "'No text recognized'."
)
"""The official question (X-Omni, Apache-2.0)."""


def commands(language: str) -> tuple[str, ...]:
    """Return the official scorer's commands."""
    return (
        "torchrun textbench/evaluate_text_reward.py --sample_dir {pictures} --output_dir OUT "
        f"--mode {language}",
        "cat OUT/results_chunk*.jsonl > {results}",
        f"python textbench/summary_scores.py {{results}} --mode {language}",
    )


class LongText(Task):
    """Recall over the whole set: words found of words wanted, or characters in Chinese.

    Attributes:
        language: `en` or `zh`.
    """

    samples, metric, scale = 4, "text_score", 100.0
    language: ClassVar[str]
    folders = ("longtext_bench", "textbench", "X-Omni/textbench")
    home = Home("https://github.com/X-Omni-Team/X-Omni", "Apache-2.0", "X-Omni/LongText-Bench")
    answers_form = "the text that was read in the picture, as one string"
    route, judge = "endpoint", "Qwen2.5-VL-7B-Instruct"

    def load(self, folder: Path) -> list[Prompt]:
        """Read the language's file of prompts."""
        file = Places(folder, self.folders).need(self.files[0], self.home.url)
        prompts = [_prompt(line) for line in lines(file)]
        unique([prompt.own for prompt in prompts], str(file))
        return prompts

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `0000_1.png`."""
        return f"{prompt.id}_{sample + 1}.png"

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Count the wanted units, and those of them that were read; order does not matter."""
        where = f"{self.title}, prompt {prompt.own}"
        wanted = self._units(" ".join(prompt.data["text"]))
        found = [wanted & self._units(_read(each, where)) for each in answers]
        total = sum(wanted.values())
        return {"text_score": (sum(c.total() for c in found), total * len(found))}

    def _units(self, text: str) -> Counter[str]:
        if self.language == "en":
            return Counter(re.sub(rf"[^{LETTERS}\s]", "", text).lower().split())
        return Counter(re.findall(f"[{LETTERS}]", text))

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Let the judge read."""
        return [Query(READ, max_tokens=1024)]

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return what was read; the official phrase for nothing is taken out, as upstream does."""
        return replies[0].text.replace("No text recognized.", "")

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
        """Read the scorer's chunks, one line a picture with `image` and `ocr_results`."""
        answers = []
        for number, line in enumerate(filter(str.strip, text.split("\n")), start=1):
            fields = json_lines.parse(line, f"result line {number}")
            match = re.fullmatch(r"(\d+)(?:_(\d+))?", Path(str(fields.get("image", ""))).stem)
            if not match:
                raise wrong(f"result line {number}", "`image` of the layout", fields)
            sample = int(match[2]) - 1 if match[2] else 0
            own = int(match[1])
            answers.append({"id": own, "sample": sample, "answers": fields.get("ocr_results")})
        return answers


def _read(answers: Any, where: str) -> str:
    if isinstance(answers, list) and all(isinstance(each, str) for each in answers):
        return " ".join(answers)
    if not isinstance(answers, str):
        raise wrong(where, "the text that was read", answers)
    return answers


def _prompt(line: Line) -> Prompt:
    text = text_field(line.fields, "prompt", line.where)
    number, wanted = line.fields.get("prompt_id"), line.fields.get("text")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        msg = f"{line.where}: `prompt_id` must be a number from 0."
        raise UsageError(msg)
    if not texts(wanted):
        msg = f"{line.where}: `text` must be a list of texts."
        raise UsageError(msg)
    return Prompt(f"{number:04d}", text, number, line.fields)
