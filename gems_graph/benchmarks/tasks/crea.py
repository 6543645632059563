"""CREA as GEMS has it: twelve creative objects, six criteria from 1 to 5."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.checks import numbers, wrong
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task, as_json, parsed

OBJECTS = (
    "couch", "chair", "car", "monster", "mug", "table", "bowl", "bike", "guitar", "helmet",
    "teapot", "umbrella",
)  # fmt: skip
CRITERIA = (
    "originality", "expressiveness", "aesthetic", "technical", "unexpected", "interpretability",
)  # fmt: skip


_FILE = re.compile(r"img_idx_(\d+)_sub_(\d+)\.png$")


class Crea(Task):
    """The sum of the six criteria's means over all pictures, 6 to 30."""

    name, title, samples = "crea", "CREA", 25
    metric, scale, column, table = "overall", 100 / 30, "CREA", "11_crea"
    files = ()
    home = Home("https://github.com/lcqysl/GEMS", "none stated; the prompts follow from a template")
    answers_form = "six numbers from 1 to 5: " + ", ".join(CRITERIA)
    route, prompt_file, judge = "endpoint", True, "Kimi K2.5"
    official = (
        "ln -sf {pictures}/*.png . && cp {pictures}/image_paths.json .",  # it looks for names here
        "python eval/CREA/eval.py --mapping_file image_paths.json",
        "mv evaluation_results.json {results}",
    )

    def load(self, folder: Path) -> list[Prompt]:
        """Make the twelve prompts; no file is needed."""
        return [Prompt(f"{n:05d}", f"a creative {noun}") for n, noun in enumerate(OBJECTS)]

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `img_idx_00000_sub_00.png`."""
        return f"img_idx_{prompt.id}_sub_{sample:02d}.png"

    def manifests(self, prompts: Sequence[Prompt], samples: int) -> dict[str, str]:
        """Name the pictures of each prompt, in `image_paths.json`."""
        paths = {p.text: [self.picture(p, k) for k in range(samples)] for p in prompts}
        return {"image_paths.json": as_json(paths)}

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Add up each criterion."""
        where = f"CREA, prompt {prompt.id}"
        rows = [numbers(each, where, len(CRITERIA), 1, 5) for each in answers]
        return {name: (sum(row[k] for row in rows), len(rows)) for k, name in enumerate(CRITERIA)}

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Sum up the six means."""
        whole = all(name in means for name in CRITERIA)
        return {"overall": sum(means.values()) if whole else None, **means}

    def queries(self, prompt: Prompt, template: str) -> list[Query]:
        """Put the official judge's prompt, which the user brings, before the target."""
        text = f"Target Prompt: {prompt.text}"
        return [Query(text, system=template, max_tokens=4096, temperature=None)]

    def parse(self, prompt: Prompt, replies: Sequence[Reply]) -> Any:
        """Return the six numbers of the first bracket, as upstream: an earlier one drops it."""
        match = re.search(r"\[.*?\]", replies[0].text, re.DOTALL)
        row = json.loads(match[0]) if match else None
        return numbers(row, "the reply", len(CRITERIA), 1, 5)

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]] | Figures:
        """Read `evaluation_results.json`: a list of pictures with `image_path` and `scores`."""
        found = parsed(text)
        if not isinstance(found, list) or not found:
            return super().imported(text, prompts)
        return [_answer(each, f"result {n}") for n, each in enumerate(found, start=1)]


def _answer(result: Any, where: str) -> dict[str, Any]:
    path = str(result.get("image_path")) if isinstance(result, dict) else ""
    match = _FILE.search(path)
    if not match or "scores" not in result:
        raise wrong(where, "an object with `image_path` of the layout and `scores`", result)
    return {"id": int(match[1]), "sample": int(match[2]), "answers": result["scores"]}


TASK = Crea()
