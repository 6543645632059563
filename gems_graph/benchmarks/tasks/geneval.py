"""GenEval (Ghosh et al. 2023): single objects to attribute binding, judged by a detector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.checks import text_field, truth, wrong
from gems_graph.benchmarks.data import Places, lines
from gems_graph.benchmarks.task import Figures, Home, Prompt, Statistics, Task
from gems_graph.errors import UsageError
from gems_graph.system import json_lines
from gems_graph.system.json_lines import Line

TAGS = ("single_object", "two_object", "counting", "colors", "position", "color_attr")
METADATA = "evaluation_metadata.jsonl"


class GenEval(Task):
    """Correct pictures by tag; the score is the plain mean of the six tags."""

    name, title, samples = "geneval", "GenEval", 4
    metric, scale, column, table = "overall", 100.0, "GenEval", "4_geneval"
    files, folders = (METADATA,), ("geneval", "prompts", "geneval/prompts")
    home = Home("https://github.com/djghosh13/geneval", "MIT")
    answers_form = "true or false: whether the picture is right by the detector"
    official = (
        "python evaluation/evaluate_images.py {pictures} --outfile {results} --model-path DETECTOR",
        "python evaluation/summary_scores.py {results}",
    )
    judge = "Mask2Former Swin-S and CLIP ViT-L/14"

    def load(self, folder: Path) -> list[Prompt]:
        """Read `evaluation_metadata.jsonl`."""
        return load_geneval(folder, self)

    def picture(self, prompt: Prompt, sample: int) -> str:
        """Return `00000/samples/0000.png`."""
        return f"{prompt.id}/samples/{sample:04d}.png"

    def manifests(self, prompts: Sequence[Prompt], samples: int) -> dict[str, str]:
        """Put its own line beside each prompt's pictures."""
        return {
            f"{prompt.id}/metadata.jsonl": json.dumps(dict(prompt.data)) + "\n"
            for prompt in prompts
        }

    def statistics(self, prompt: Prompt, answers: Sequence[Any]) -> Statistics:
        """Count right pictures of the prompt's tag."""
        singles = [
            each[0] if isinstance(each, list) and len(each) == 1 else each for each in answers
        ]
        right = [truth(each, f"GenEval, prompt {prompt.id}") for each in singles]
        return {
            prompt.data["tag"]: (sum(right), len(right)),
            "correct_images": (sum(right), len(right)),
            "correct_prompts": (any(right), 1),
        }

    def combine(self, means: Mapping[str, float]) -> Figures:
        """Take the unweighted mean over the tags that there are."""
        tags = [means[tag] for tag in TAGS if tag in means]
        return {"overall": sum(tags) / len(tags) if tags else None, **means}

    def imported(self, text: str, prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
        """Read the scorer's `--outfile`: one line a picture, with `filename` and `correct`."""
        known, answers = {prompt.id for prompt in prompts}, []
        for number, line in enumerate(filter(str.strip, text.split("\n")), start=1):
            fields = json_lines.parse(line, f"result line {number}")
            parts = Path(str(fields.get("filename", ""))).parts
            if len(parts) < 3 or parts[-3] not in known or not Path(parts[-1]).stem.isdigit():
                raise wrong(f"result line {number}", "`filename` of the layout", fields)
            sample = int(Path(parts[-1]).stem)
            line_of = int(parts[-3])
            answers.append({"id": line_of, "sample": sample, "answers": fields.get("correct")})
        return answers


def load_geneval(folder: Path, task: Task, prefix: str = "") -> list[Prompt]:
    """Read GenEval's records, with a prefix before each prompt."""
    file = Places(folder, task.folders).need(METADATA, task.home.url)
    return [_prompt(n, line, prefix) for n, line in enumerate(lines(file))]


def _prompt(number: int, line: Line, prefix: str) -> Prompt:
    text = text_field(line.fields, "prompt", line.where)
    if line.fields.get("tag") not in TAGS:
        msg = f"{line.where}: `tag` must be one of {', '.join(TAGS)}."
        raise UsageError(msg)
    if not isinstance(line.fields.get("include"), list):
        msg = f"{line.where}: `include` must be a list of objects."
        raise UsageError(msg)
    return Prompt(f"{number:05d}", prefix + text, data=line.fields)


TASK = GenEval()
