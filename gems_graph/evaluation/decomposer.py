"""The Decomposer against atoms: what its criteria cover, and what they get wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.errors import GemsError
from gems_graph.evaluation.asking import Evaluation, Job, ask_all
from gems_graph.evaluation.atoms import Request
from gems_graph.evaluation.matching import Item, compare, summary
from gems_graph.nodes.decomposer import decomposer
from gems_graph.runtime.module import Update
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import Criterion, State


async def evaluate(
    requests: Sequence[Request], settings: Settings, on: Evaluation
) -> dict[str, Any]:
    """Ask the Decomposer for the criteria of each prompt, and compare them with its atoms.

    It is the node of a run, and sees the prompt alone.

    Args:
        requests: prompts with their atoms.
        settings: name the model, and cap what it may spend.
        on: how it is carried out.

    Returns:
        Plain JSON: the figures of `matching.summary`, `model`, `used`, `stopped`, `items`.

    Raises:
        ConfigError: the model cannot be opened.
    """
    session = on.session("decomposer", [request.prompt for request in requests])
    answers = await ask_all([Job(each, settings) for each in requests], _criteria, session)
    items = [_item(request, answer) for request, answer in zip(requests, answers.each, strict=True)]
    return {
        "model": settings.model_for("decomposer").mllm,
        **summary(requests, items),
        "used": answers.used,
        "stopped": answers.stopped or None,
        "items": items,
    }


async def _criteria(request: Request, toolbox: Toolbox) -> Update:
    return await decomposer(State(prompt=request.prompt), toolbox)


def _item(request: Request, answer: Update | GemsError | None) -> Item:
    if answer is None:
        return compare(request, [], "not asked")
    if isinstance(answer, GemsError):
        return compare(request, [], "failed", str(answer))
    criteria: list[Criterion] = answer["criteria"]
    if any(criterion["source"] == "prompt" for criterion in criteria):
        return compare(request, [], "unreadable", *answer["notes"])
    return compare(request, [criterion["question"] for criterion in criteria], "read")
