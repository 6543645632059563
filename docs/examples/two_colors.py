"""A benchmark of one's own: two prompts, and a judge that says how red a picture is, 0 to 100."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageStat

from gems_graph.benchmarks.task import Home, Prompt, Task, one_number


class TwoColors(Task):
    """The mean redness of what was asked to be red, less that of what was not."""

    name, title, metric = "two-colors", "Two colours", "contrast"
    files, folders = (), ()
    home = Home("https://example.org/two-colors", "CC0")
    answers_form, route, judge = "redness of the picture, 0 to 100", "pixels", "the pixels"

    def load(self, folder: Path) -> list[Prompt]:
        return [Prompt("red", "a red fish", "red"), Prompt("blue", "a blue house", "blue")]

    def picture(self, prompt: Prompt, sample: int) -> str:
        return f"{prompt.id}_{sample}.png"

    def statistics(self, prompt: Prompt, answers: Any) -> dict[str, tuple[float, float]]:
        values = [one_number(each, prompt.id, "a number", 0, 100) for each in answers]
        return {prompt.id: (sum(values), len(values))}

    def combine(self, means: Any) -> dict[str, float | None]:
        both = "red" in means and "blue" in means
        return {"contrast": means["red"] - means["blue"] if both else None, **means}

    def measured(self, prompt: Prompt, picture: bytes) -> float:
        red, green, _ = ImageStat.Stat(Image.open(io.BytesIO(picture)).convert("RGB")).mean
        return max(0.0, (red - green) / 2.55)


TASK = TwoColors()
