"""The Verifier on pictures of known truth: how right it is, and how much the way of asking does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

from gems_graph.calls.ledger import Ledger, add, no_usage, total
from gems_graph.errors import GemsError
from gems_graph.evaluation.asking import Evaluation, Job, ask_all
from gems_graph.evaluation.cases import Case
from gems_graph.evaluation.figures import Answered, agreement, figures
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings, settle
from gems_graph.state import Attempt, Criterion, State, Thought, Verdict


class Seen(NamedTuple):
    """What the Verifier said of one picture, and what that took."""

    verdicts: list[Verdict]
    used: Ledger


Axis = Sequence[tuple[str, Mapping[str, Any]]]
"""What is varied: the name of each choice, and the dials that it sets."""
Row = Sequence[Seen | GemsError | None]
"""One way of asking, by picture: verdicts, a failure, or None where it was not asked."""


def ways(settings: Settings, *axes: Axis) -> dict[str, Settings]:
    """Return the settings of every combination, by what tells them apart.

    Args:
        settings: of all.
        axes: of what is varied, such as `along("verify", ["per-criterion", "batched"])`.

    Raises:
        ConfigError: a value is not valid.
    """
    found: dict[str, Settings] = {}
    for combined in itertools.product(*axes):
        names = [name for axis, (name, _) in zip(axes, combined, strict=True) if len(axis) > 1]
        found[" ".join(names) or "as set"] = settle(settings, *(dials for _, dials in combined))
    return found


def along(dial: str, values: Sequence[Any]) -> Axis:
    """Return the axis of one dial."""
    return [(str(value), {dial: value}) for value in values]


async def evaluate(
    cases: Sequence[Case], settings: Mapping[str, Settings], on: Evaluation
) -> dict[str, Any]:
    """Put the questions about each picture to the Verifier, in every way of asking.

    It is the node of a run, given a picture and its criteria as a run gives them.

    Args:
        cases: pictures and questions.
        settings: ways of asking, by name (`ways`).
        on: how it is carried out.

    Returns:
        Plain JSON: `ways` with their figures, `agreement` of each pair, `stopped`, `items`.

    Raises:
        ConfigError: a model cannot be opened.
    """
    session = on.session("verifier", [[case.name, case.questions] for case in cases])
    jobs = [Job(case, way, n) for way in settings.values() for n, case in enumerate(cases, 1)]
    answers = await ask_all(jobs, _look, session)
    starts = range(0, len(jobs), len(cases))
    rows = [answers.each[start : start + len(cases)] for start in starts]
    by_way = dict(zip(settings, rows, strict=True))
    return {
        "pictures": len(cases),
        "questions": sum(len(case.questions) for case in cases),
        "model": next(iter(settings.values())).model_for("verifier").mllm,
        "ways": {name: _figures(cases, row) for name, row in by_way.items()},
        "agreement": _agreements(cases, by_way),
        "used": answers.used,
        "stopped": answers.stopped or None,
        "items": [_item(case, n, by_way) for n, case in enumerate(cases)],
    }


async def _look(case: Case, toolbox: Toolbox) -> Seen:
    """Judge one picture with the node, which sees the questions and nothing of the answers."""
    ref = await asyncio.to_thread(lambda: toolbox.store.put_image(case.load()))
    nothing = Thought(text="", sha256=None)
    criteria = [Criterion(question=each.text, source="user") for each in case.questions]
    attempt = Attempt(n=1, prompt="", thought=nothing, seed=0, image=ref)
    state = State(prompt="", attempt=attempt, criteria=criteria)
    update = await verifier(state, toolbox)
    return Seen(update["rounds"][0]["verdicts"], toolbox.ledger)


def _figures(cases: Sequence[Case], row: Row) -> dict[str, Any]:
    """Return the figures of one way of asking; pictures that failed are counted, not judged."""
    seen = [(case, each) for case, each in zip(cases, row, strict=True) if isinstance(each, Seen)]
    answered = [
        Answered(verdict, question.holds, question.skill)
        for case, each in seen
        for question, verdict in zip(case.questions, each.verdicts, strict=True)
    ]
    used = total(reduce(add, (each.used for _, each in seen), {"verifier": no_usage()}))
    return {
        **figures(answered),
        "pictures_failed": sum(isinstance(each, GemsError) for each in row),
        "pictures_not_asked": sum(each is None for each in row),
        "used": used,
    }


def _agreements(cases: Sequence[Case], by_way: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Return how often each pair of ways says the same."""
    verdicts = {
        name: [v for n, case in enumerate(cases) for v in _verdicts(case, row[n])]
        for name, row in by_way.items()
    }
    return [
        {"between": [one, other], "same": agreement(verdicts[one], verdicts[other])}
        for one, other in itertools.combinations(by_way, 2)
    ]


def _verdicts(case: Case, each: Seen | GemsError | None) -> Sequence[Verdict | None]:
    return each.verdicts if isinstance(each, Seen) else [None] * len(case.questions)


def _item(case: Case, n: int, by_way: Mapping[str, Row]) -> dict[str, Any]:
    """Return one picture: what holds of it, and what was said, or went wrong, in each way."""
    failed = {name: row[n] for name, row in by_way.items() if isinstance(row[n], GemsError)}
    criteria = [
        {
            "question": question.text,
            "answer": "yes" if question.holds else "no",
            "said": {name: _verdicts(case, row[n])[k] for name, row in by_way.items()},
        }
        for k, question in enumerate(case.questions)
    ]
    errors = {name: str(error) for name, error in failed.items()}
    return {"image": case.name, "criteria": criteria, "errors": errors}
