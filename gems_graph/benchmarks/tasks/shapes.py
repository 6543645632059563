"""shapes: three to ten atoms over the offline world, in GenEval2's schema; pixels tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gems_graph.benchmarks.data import lines
from gems_graph.benchmarks.task import Home, Prompt
from gems_graph.benchmarks.tasks.geneval2 import GenEval2, read_prompt
from gems_graph.mini.judging import judge
from gems_graph.mini.look import look
from gems_graph.mini.world import SINGULARS

FILE = Path(__file__).with_name("shapes.jsonl")
_WORTH = {"yes": 1.0, "no": 0.0, "unsure": 0.5}


class Shapes(GenEval2):
    """GenEval2's figures on 80 requests of our own; needs no data and no server."""

    name, title = "shapes", "shapes"
    column = table = ""
    files, folders = (), ()
    home = Home("https://arxiv.org/abs/2603.28088", "Apache-2.0 (our own, in the package)")
    route, judge = "pixels", "the pixels themselves"
    official = ()

    def load(self, folder: Path) -> list[Prompt]:
        """Read the packaged requests, whatever the folder."""
        return [read_prompt(number, line) for number, line in enumerate(lines(FILE))]

    def measured(self, prompt: Prompt, picture: bytes) -> Any:
        """Measure every answer on the picture; what cannot be made out is worth a half."""
        seen = look(picture)
        asked = [_asked(question, answer) for question, answer in prompt.data["vqa_list"]]
        return [_WORTH[judge(question, seen).answer] for question in asked]


def _asked(question: str, answer: str) -> str:
    """Put a question so that yes is right, in the words of the offline world."""
    noun = question.removesuffix(" in the image?").rsplit(" are", 1)[0].rsplit(" ", 1)[-1]
    if question.startswith("How many "):
        be, number = ("Is", answer) if answer == "one" else ("Are", answer)
        return f"{be} there exactly {number} {SINGULARS[noun] if answer == 'one' else noun}?"
    if question.startswith("Are there any "):
        noun = question.removesuffix(" in the image?").rsplit(" ", 1)[-1]
        return f"Is there at least one {SINGULARS[noun]}?"
    return question


TASK = Shapes()
