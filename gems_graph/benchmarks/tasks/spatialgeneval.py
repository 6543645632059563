"""SpatialGenEval: ten spatial questions a prompt, five rounds of answers, four have to agree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.checks import text_field, texts, unique, wrong
from gems_graph.benchmarks.data import Places, lines
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task, parsed
from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

DATA = "SpatialGenEval_T2I_Prompts.jsonl"
ROUNDS, VOTES = 5, 4
_VOTED = "model_preds_cot"
_LETTER = re.compile(
    r"\s*(?:\d+\s*[.)-]\s*)?(?:answer\s*\d*\s*[:=-]\s*)?\**([A-E])\b", re.IGNORECASE
)


class SpatialGenEval(Task):
    """Right answers with at least four of five votes: mean of ten dimensions, 0 to 100."""

    name, title = "spatialgeneval", "SpatialGenEval"
    metric, column, table = "overall", "SpatialGenEval", "10_spatialgeneval"
    files, folders = (DATA,), ("eval", "SpatialGenEval/eval", "spatialgeneval")
    home = Home("https://github.com/AMAP-ML/SpatialGenEval", "none stated: not redistributed")
    answers_form = "five lists of ten letters A to E, one a round; or a round a line, as `sample`"
    route, prompt_file, judge = "endpoint", True, "Qwen2.5-VL-72B-Instruct"
    official = (
        "rm -f {results}",  # it appends
        "python scripts/spatialgeneval_stage1_eval.py (see run script of the repository)",
        "python scripts/spatialgeneval_stage2_acc.py {results}",
    )

    def load(self, folder: Path) -> list[Prompt]:
        """Read the prompts with their questions."""
        file = Places(folder, self.folders).need(DATA, self.home.url)
        prompts = [_prompt(line) for line in lines(file)]
        unique([prompt.own for prompt in prompts], str(file))
        return prompts

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `000001.png`; a second sample would break the official pairing by position."""
        return f"{prompt.id}{f'_{sample}' * (sample > 0)}.png"

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Count questions whose right letter has the votes."""
        found: Statistics = {}
        single_rounds = len(answers) == ROUNDS and all(texts(each, 10) for each in answers)
        for each in [list(answers)] if single_rounds else answers:
            rounds = _rounds(each, f"{self.title}, prompt {prompt.id}")
            for k, kind in enumerate(prompt.data["question_type"]):
                votes = sum(letters[k] == prompt.data["answers"][k] for letters in rounds)
                total, count = found.get(kind, (0.0, 0.0))
                found[kind] = (total + (votes >= VOTES), count + 1)
        return found

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Round each dimension to three decimals, as upstream, and average them."""
        columns = {name: 100 * round(mean, 3) for name, mean in means.items()}
        overall = sum(columns.values()) / len(columns) if columns else None
        return {"overall": overall, **columns}

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Ask all ten at once, five times, at temperature 1."""
        words = template.replace("{questions}", "\n".join(prompt.data["questions"]))
        return [Query(words, max_tokens=2048, temperature=1.0, repeat=k) for k in range(ROUNDS)]

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return the letters that the lines of each reply begin with."""
        return [_letters(reply.text) for reply in replies]

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]] | Figures:
        """Read stage 1's output: a line a prompt, with `id` and `model_preds_cot`."""
        if isinstance(parsed(text), dict) and _VOTED not in text:
            return super().imported(text, prompts)
        lines = [line for line in text.split("\n") if line.strip()]
        return [_answer(json_lines.parse(line, w := f"result line {n}"), w)
                for n, line in enumerate(lines, start=1)]  # fmt: skip


def _answer(result: dict[str, Any], where: str) -> dict[str, Any]:
    rounds = result.get(_VOTED)
    if not isinstance(rounds, list) or not all(texts(each, 10) for each in rounds):
        raise wrong(where, f"`{_VOTED}`, lists of ten texts", rounds)
    letters = [[_option(text) for text in each] for each in rounds]
    return {"id": result.get("id"), "sample": 0, "answers": letters}


def _option(text: str) -> str:
    """Return what upstream counts: the first character; what is no option is none of them."""
    first = text.strip()[:1]
    return first if first and first in "ABCDE" else "E"


def _letters(text: str) -> list[str]:
    found = [match[1].upper() for line in text.splitlines() if (match := _LETTER.match(line))]
    if len(found) != 10:
        msg = f"ten lines that begin with a letter are needed, not {len(found)}"
        raise ValueError(msg)
    return found


def _rounds(answers: Any, where: str) -> list[list[str]]:
    if isinstance(answers, list) and len(answers) == 10 and all(texts(a, ROUNDS) for a in answers):
        answers = [list(letters) for letters in zip(*answers, strict=True)]  # by question
    fits = isinstance(answers, list) and len(answers) == ROUNDS
    if not fits or not all(texts(letters, 10) for letters in answers):
        raise wrong(where, "five lists of ten letters", answers)
    rounds = [[letter.strip().upper()[:1] for letter in letters] for letters in answers]
    if strange := [each for letters in rounds for each in letters if each not in "ABCDE"]:
        raise wrong(where, "a letter from A to E", strange[0])
    return rounds


def _prompt(line: Line) -> Prompt:
    text = text_field(line.fields, "prompt", line.where)
    own = text_field(line.fields, "id", line.where)
    for name in ("question_type", "questions", "answers"):
        if not texts(line.fields.get(name), 10):
            msg = f"{line.where}: `{name}` must be a list of ten texts."
            raise UsageError(msg)
    return Prompt(own, text, own, line.fields)


TASK = SpatialGenEval()
