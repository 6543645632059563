"""ArtiMuse as GEMS has it: how beautiful drawings of GenEval's prompts are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.task import (
    Figures,
    Home,
    Prompt,
    Statistics,
    Task,
    one_number,
    parsed,
)
from gems_graph.benchmarks.tasks.geneval import METADATA, load_geneval

_MEAN = "average_score_all"
_FILE = re.compile(r"(\d+)(?:_(\d+))?\.png")


class ArtiMuse(Task):
    """The mean of ArtiMuse's scores over all pictures, 0 to 100."""

    name, title = "artimuse", "ArtiMuse"
    metric, column = "artimuse", "ArtiMuse"
    files, folders = (METADATA,), ("geneval", "prompts", "geneval/prompts")
    home = Home("https://github.com/djghosh13/geneval", "MIT (prompts; derived from GenEval's)")
    answers_form = "the model's score of the picture, 0 to 100"
    official = (
        "python eval/ArtiMuse/eval_artimuse.py --model_path MODEL --input_dir {pictures} "
        "--output_file {results}",
    )
    judge = "ArtiMuse (InternVL-3)"

    def load(self, folder: Path) -> list[Prompt]:
        """Read GenEval's prompts, each with the task's prefix."""
        return load_geneval(folder, self, "Aesthetic Drawing: ")

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `00000.png`, further samples `00000_1.png`."""
        return f"{prompt.id}{f'_{sample}' * (sample > 0)}.png"

    def manifests(self, prompts: Sequence[Prompt], samples: int) -> dict[str, str]:
        """Put the prompt beside each picture, as `00000.json`."""
        return {
            f"{each.id}.json": json.dumps({**each.data, "prompt": each.text}) + "\n"
            for each in prompts
        }

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Add up the scores."""
        where = f"ArtiMuse, prompt {prompt.id}"
        scores = [one_number(each, where, "a score", 0, 100) for each in answers]
        return {"artimuse": (sum(scores), len(scores))}

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]] | Figures:
        """Read the scorer's `--output_file`: scores by file name, null where one failed."""
        found = parsed(text)
        named = {n: v for n, v in found.items() if n != _MEAN} if isinstance(found, dict) else {}
        places = {name: _FILE.fullmatch(name) for name in named}
        if not named or not all(places.values()):
            return super().imported(text, prompts)
        return [
            {"id": int(match[1]), "sample": int(match[2] or 0), "answers": named[name]}
            for name, match in places.items()
            if match
        ]


TASK = ArtiMuse()
