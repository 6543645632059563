"""DPG-Bench (Hu et al. 2024): long prompts, questions that rest on one another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.checks import truths, wrong
from gems_graph.benchmarks.data import Places, rows, text
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task
from gems_graph.errors import UsageError
from gems_graph.system.json_lines import Line

QUESTIONS = "dpg_bench.csv"
_COLUMNS = ("item_id", "text", "proposition_id", "dependency", "tuple", "question_natural_language")


class Dpg(Task):
    """Answers after zeroing what depends on a no: mean over crops, then pictures, 0 to 100.

    The official reader skips the first row of the questions. An item that needs the row it lost
    is dropped there; it is dropped here, too, and `without_skipped_row` says what it would be.
    """

    name, title, samples = "dpg", "DPG-Bench", 4
    metric, column, table = "dpg", "DPG", "6_dpg"
    files, folders = ("prompts", QUESTIONS), ("dpg_bench", "ELLA/dpg_bench", "dpg-bench")
    home = Home("https://github.com/TencentQQGYLab/ELLA", "Apache-2.0")
    answers_form = (
        "a list of yes or no, one a row of dpg_bench.csv in its order; a sample is a crop"
    )
    official = ("bash dpg_bench/dist_eval.sh {pictures} RESOLUTION",)
    judge = "mPLUG-large VQA"

    def load(self, folder: Path) -> list[Prompt]:
        """Read prompts/*.txt, and the questions where `dpg_bench.csv` is there."""
        places = Places(folder, self.folders)
        table = places.find(QUESTIONS)
        items = _items(table) if table else {}
        written = places.find("prompts")
        prompts = _texts(written) if written else {k: v[0].fields["text"] for k, v in items.items()}
        if not prompts:
            places.need("prompts", self.home.url)
        return [
            Prompt(stem, words, stem, {"questions": _questions(items.get(stem, []))})
            for stem, words in prompts.items()
        ]

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return where a single is kept until the grid is made, outside of the layout."""
        return f"{prompt.id}_{sample}.png"

    def grid(self, prompt: Prompt) -> str:
        """Return `NAME.png`."""
        return f"{prompt.id}.png"

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Average the crops; categories are of the last crop, before zeroing, as upstream."""
        questions = prompt.data["questions"]
        where = f"DPG-Bench, prompt {prompt.id}"
        if not questions:
            msg = f"{where}: there are no questions; put {QUESTIONS} into the folder of the data."
            raise UsageError(msg)
        crops = [truths(each, where, len(questions)) for each in answers]
        found = {"without_skipped_row": (_score(questions, crops), 1.0)}
        kept = [k for k, question in enumerate(questions) if not question["skipped"]]
        heard = [questions[k] for k in kept]
        if not _readable(heard):
            return found
        left = [[crop[k] for k in kept] for crop in crops]
        found["dpg"] = (_score(heard, left), 1.0)
        for question, answer in zip(heard, left[-1], strict=True):
            for name in {question["category"], question["category"].split("-")[0].strip()}:
                total, count = found.get(name, (0.0, 0.0))
                found[name] = (total + answer, count + 1)
        return found

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Take everything to 0..100."""
        figures: Figures = {name: 100 * mean for name, mean in means.items()}
        if figures.get("without_skipped_row") == figures.get("dpg"):
            figures.pop("without_skipped_row", None)
        return figures

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Ask another judge than the official one: a proxy."""
        return [
            Query(f"{q['text']} Answer yes or no.", max_tokens=8) for q in prompt.data["questions"]
        ]

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return yes or no of each question."""
        words = [reply.text.strip().lower()[:3] for reply in replies]
        if unread := [word for word in words if not word.startswith(("yes", "no"))]:
            msg = f"neither yes nor no: {unread[0]!r}"
            raise ValueError(msg)
        return ["yes" if word == "yes" else "no" for word in words]

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]] | Figures:
        """Read the scorer's `*_results.txt`: the score and its categories, already times 100."""
        whole = re.findall(r"^DPG-Bench score: ([\d.]+)\s*$", text, re.MULTILINE)
        if not whole:
            return super().imported(text, prompts)
        parts = re.findall(r"^\t([^\t:]+): ([\d.]+)\s*$", text, re.MULTILINE)
        return {"dpg": float(whole[-1]), **{name: float(value) for name, value in parts}}


def _score(questions: Sequence[Mapping[str, Any]], crops: Sequence[Sequence[bool]]) -> float:
    """Return the mean over crops of the mean over questions, those below a no zeroed."""
    return sum(_zeroed(questions, crop) for crop in crops) / len(crops)


def _zeroed(questions: Sequence[Mapping[str, Any]], answers: Sequence[bool]) -> float:
    """Zero in the order of the questions, so that zeros are handed on, as upstream."""
    right = {q["number"]: answer for q, answer in zip(questions, answers, strict=True)}
    for question in questions:
        if not all(right.get(parent, False) for parent in question["parents"]):
            right[question["number"]] = False
    return sum(right.values()) / len(right)


def _readable(questions: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether every question that others depend on is there."""
    there = {question["number"] for question in questions}
    return bool(questions) and all(there.issuperset(q["parents"]) for q in questions)


def _texts(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*.txt"), key=lambda file: file.stem)
    prompts = {file.stem: text(file).strip() for file in files}
    if empty := [name for name, words in prompts.items() if not words]:
        msg = f"{folder / empty[0]}.txt is empty; take it anew from its home."
        raise UsageError(msg)
    return prompts


def _items(table: Path) -> dict[str, list[Line]]:
    items: dict[str, list[Line]] = {}
    for number, row in enumerate(rows(table, _COLUMNS)):
        fields = {**row.fields, "skipped": number == 0}
        items.setdefault(fields["item_id"], []).append(Line(row.number, row.where, fields))
    return items


def _questions(items: Sequence[Line]) -> list[dict[str, Any]]:
    return [_question(line) for line in items]


def _question(line: Line) -> dict[str, Any]:
    fields = line.fields
    try:
        number = int(fields["proposition_id"])
        parents = [int(each) for each in fields["dependency"].split(",")]
    except ValueError as error:
        raise wrong(line.where, "numbers in proposition_id and dependency", str(error)) from error
    return {
        "number": number,
        "parents": [parent for parent in parents if parent],
        "text": fields["question_natural_language"],
        "category": fields["tuple"].split("(")[0].strip(),
        "skipped": fields["skipped"],
    }


TASK = Dpg()
