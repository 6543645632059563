"""GenEval2 (Kamath et al., arXiv 2512.16853): three to ten atoms a prompt, judged by Soft-TIFA."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from gems_graph.benchmarks import soft_tifa
from gems_graph.benchmarks.checks import is_number, numbers, text_field, texts, unique, wrong
from gems_graph.benchmarks.data import Places, lines
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task, as_json
from gems_graph.errors import UsageError
from gems_graph.system.json_lines import Line

SKILLS = ("object", "attribute", "count", "position", "verb")
DATA, _ATOMS = "geneval2_data.jsonl", "atomicity_"


class GenEval2(Task):
    """Soft-TIFA: geometric mean a prompt for the score, arithmetic means beside it, 0 to 100."""

    name, title = "geneval2", "GenEval2"
    metric, column, table = "soft_tifa_gm", "GenEval2", "5_geneval2"
    files: ClassVar[tuple[str, ...]] = (DATA,)
    folders: ClassVar[tuple[str, ...]] = ("geneval2", "GenEval2")
    home = Home("https://github.com/facebookresearch/GenEval2", "CC BY-NC 4.0")
    answers_form = (
        "a list of scores, 0 to 1, one a question in the order of `vqa_list`; a score cut off by "
        "the server is [lower, upper]"
    )
    route, logprobs, judge = "endpoint", True, "Qwen3-VL-8B-Instruct"
    official: ClassVar[tuple[str, ...]] = (
        "ln -sf {pictures}/*.png .",  # it looks for names here
        "python evaluation.py --benchmark_data geneval2_data.jsonl --image_filepath_data "
        "{pictures}/image_paths.json --method soft_tifa_gm --output_file {results}",
    )

    def load(self, folder: Path) -> list[Prompt]:
        """Read `geneval2_data.jsonl`."""
        file = Places(folder, self.folders).need(DATA, self.home.url)
        prompts = [read_prompt(number, line) for number, line in enumerate(lines(file))]
        unique([prompt.text for prompt in prompts], str(file))  # the layout's key
        return prompts

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `img_idx_00000.png`, further samples `img_idx_00000_sub_01.png`."""
        return f"img_idx_{prompt.id}{f'_sub_{sample:02d}' * (sample > 0)}.png"

    def manifests(self, prompts: Sequence[Prompt], samples: int) -> dict[str, str]:
        """Name the picture of each prompt, in `image_paths.json`."""
        return {"image_paths.json": as_json({p.text: self.picture(p, 0) for p in prompts})}

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Average the atoms of each picture both ways, and pool them by skill."""
        skills = prompt.data["skills"]
        rows = [self._scores(prompt, each) for each in answers]
        found: Statistics = {}
        for low, high in rows:
            middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
            _add(found, "soft_tifa_gm", geometric(middle))
            _add(found, "soft_tifa_am", sum(middle) / len(middle))
            if low != high:
                _add(found, "cut_off", 1.0)
            else:
                _add(found, "cut_off", 0.0)
            _add(found, "soft_tifa_gm_lower", geometric(low))
            _add(found, "soft_tifa_gm_upper", geometric(high))
            _add(found, f"{_ATOMS}{prompt.data['atom_count']}", geometric(middle))
            for skill, score in zip(skills, middle, strict=True):
                _add(found, skill, score)
                _add(found, "soft_tifa_am_pooled", score)
        return found

    def _scores(self, prompt: Prompt, answers: Any) -> tuple[list[float], list[float]]:
        """Return the lower and upper bound of each question's score."""
        where = f"{self.title}, prompt {prompt.id}"
        count = len(prompt.data["vqa_list"])
        if isinstance(answers, list) and len(answers) == count:
            pairs = [each if isinstance(each, list) else [each, each] for each in answers]
            if all(_is_bounds(pair) for pair in pairs):
                return [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
        numbers(answers, where, count, 0, 1, "a list of scores")
        raise AssertionError

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Take everything to 0..100; bounds stand only where something was cut off."""
        atoms = {name: int(name.rpartition("_")[2]) for name in means if name.startswith(_ATOMS)}
        ordered = sorted(means, key=lambda name: atoms.get(name, 0))
        figures: Figures = {name: 100 * means[name] for name in ordered}
        if not figures.pop("cut_off", None):
            figures.pop("soft_tifa_gm_lower", None)
            figures.pop("soft_tifa_gm_upper", None)
        return figures

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Ask each question by itself, for the first token alone."""
        return [soft_tifa.query(question) for question, _ in prompt.data["vqa_list"]]

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return each question's score, or its bounds where the server cut it off."""
        expected = [answer for _, answer in prompt.data["vqa_list"]]
        bounds = [soft_tifa.score(r.first, e) for r, e in zip(replies, expected, strict=True)]
        return [low if low == high else [low, high] for low, high in bounds]

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
        """Read the scorer's output: a list of lists of scores, or an object of them by prompt."""
        return soft_tifa.imported(text, [prompt.text for prompt in prompts])


def geometric(scores: Sequence[float]) -> float:
    """Return the geometric mean of numbers from 0 to 1; 0 if one is 0."""
    if min(scores) <= 0:
        return 0.0
    return math.exp(math.fsum(map(math.log, scores)) / len(scores))


def _add(found: Statistics, name: str, value: float) -> None:
    total, count = found.get(name, (0.0, 0.0))
    found[name] = (total + value, count + 1)


def _is_bounds(pair: list[Any]) -> bool:
    return len(pair) == 2 and all(is_number(n) and 0 <= n <= 1 for n in pair) and pair[0] <= pair[1]


def read_prompt(number: int, line: Line) -> Prompt:
    """Read a record of GenEval2's schema; a malformed one is named by its line."""
    text = text_field(line.fields, "prompt", line.where)
    pairs, skills = line.fields.get("vqa_list"), line.fields.get("skills")
    if not isinstance(pairs, list) or not pairs or not all(texts(pair, 2) for pair in pairs):
        msg = f"{line.where}: `vqa_list` must be a list of [question, answer]."
        raise UsageError(msg)
    if not texts(skills, len(pairs)) or not set(skills or ()) <= {*SKILLS}:
        msg = f"{line.where}: `skills` must name one of {', '.join(SKILLS)} for each question."
        raise UsageError(msg)
    atoms = line.fields.get("atom_count")
    if not isinstance(atoms, int) or isinstance(atoms, bool) or atoms < 1:
        raise wrong(line.where, "`atom_count`, a number from 1,", atoms)
    return Prompt(f"{number:05d}", text, data=line.fields)


TASK = GenEval2()
