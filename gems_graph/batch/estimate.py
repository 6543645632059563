"""What a batch will take, at least and at most, known before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gems_graph.batch.plan import Done, Task
from gems_graph.batch.summary import in_all
from gems_graph.calls.ledger import total
from gems_graph.settings import Settings
from gems_graph.settings.prices import price_of
from gems_graph.settings.roles import Role

_CRITERIA = 6  # of one prompt, where nobody knows better
TOKENS = 1500, 300
"""Assumed of one chat call, in and out: a picture, the question, a short answer."""


class Need(NamedTuple):
    """What one trajectory takes; cost is None where a price is unknown."""

    images: int
    calls: int
    cost: float | None


class Range(NamedTuple):
    """A need at least and at most; repeats after failures come on top."""

    least: Need
    most: Need


class Estimate(NamedTuple):
    """What a batch takes.

    Attributes:
        done: prompts that were done before.
        todo: prompts to draw.
        at_once: how many are drawn at the same time.
        need: of all that are to be drawn; None: there are none.
        criteria: assumed of each prompt; None: each has its own.
        counted: whether they are as many as those done had on average, and not a guess.
        likely: cost if all go as those done did; None: nobody knows.
        unpriced: models without a price.
    """

    done: int
    todo: int
    at_once: int
    need: Range | None = None
    criteria: int | None = None
    counted: bool = False
    likely: float | None = None
    unpriced: tuple[str, ...] = ()


def estimate(tasks: Sequence[Task], done: Sequence[Done], at_once: int) -> Estimate:
    """Return what drawing the tasks takes.

    Args:
        tasks: to be drawn.
        done: what the folder has already.
        at_once: how many are drawn at the same time.
    """
    if not tasks:
        return Estimate(len(done), 0, 0)
    before = [len(each.record.get("criteria") or ()) for each in done]
    criteria = math.ceil(sum(before) / len(before)) if any(before) else _CRITERIA
    ranges = [_range(task, criteria) for task in tasks]
    least = _under_a_shared_cap(tasks, _sum([each.least for each in ranges]))
    most = _under_a_shared_cap(tasks, _sum([each.most for each in ranges]))
    return Estimate(
        len(done),
        len(tasks),
        min(at_once, len(tasks)),
        Range(least, most),
        None if all(task.criteria for task in tasks) else criteria,
        any(before),
        _likely(tasks, done),
        tuple(_unpriced(tasks)),
    )


def _range(task: Task, criteria: int) -> Range:
    settings = task.settings
    caps = [cap for cap in (settings.max_iterations, settings.max_images) if cap is not None]
    probes = len(task.criteria) if task.criteria else min(criteria, settings.max_criteria)
    own = task.criteria is not None
    first = _need(settings, 1, _calls(settings, 1, probes, own, least=True))
    last = _need(settings, min(caps), _calls(settings, min(caps), probes, own, least=False))
    return Range(_capped(settings, first), _capped(settings, last))


def _calls(
    settings: Settings, rounds: int, probes: int, own: bool, *, least: bool
) -> dict[Role, int]:
    """Count the calls of each role over some rounds; nothing else here knows roles.

    Args:
        settings: of the trajectory.
        rounds: how many.
        probes: criteria.
        own: whether the criteria are the caller's own.
        least: at least; else at most.
    """
    planner = 1 if settings.max_skills or settings.enhance else 0
    if settings.max_skills and not least:
        planner = 2  # picks a skill, then writes with it
    verifier = probes
    if settings.verify == "batched" and probes > 1:
        verifier = 1 if least else 1 + probes  # doubtful ones are asked again alone
    return {
        "planner": planner,
        "decomposer": 0 if own else 1,
        "verifier": rounds * verifier,
        "refiner": rounds - 1,
        "compressor": rounds - 1 if settings.memory == "experience" else 0,
    }


def _need(settings: Settings, images: int, calls: Mapping[Role, int]) -> Need:
    image = price_of(settings.generator, settings.prices)
    prices = [(price_of(_model(settings, role), settings.prices), n) for role, n in calls.items()]
    chat = [n * price.of(*TOKENS) if price else None for price, n in prices if n]
    drawing = images * image.image if image else None
    return Need(images, sum(calls.values()), in_all([drawing, *chat]))


def _model(settings: Settings, role: Role) -> str:
    return settings.model_for(role).mllm or ""


def _capped(settings: Settings, need: Need) -> Need:
    """Return a need under the caps on calls and money; that on images bounds the rounds."""
    calls, cost = need.calls, need.cost
    return Need(
        min(need.images, settings.max_images or need.images),
        min(calls, settings.max_calls or calls),
        None if cost is None else min(cost, settings.max_cost or cost),
    )


def _under_a_shared_cap(tasks: Sequence[Task], need: Need) -> Need:
    settings = tasks[0].settings
    shared = settings.budget and {task.settings.budget for task in tasks} == {settings.budget}
    return _capped(settings, need) if shared else need


def _sum(needs: Iterable[Need]) -> Need:
    images, calls, costs = zip(*needs, strict=True)
    return Need(sum(images), sum(calls), in_all(costs))


def _likely(tasks: Sequence[Task], done: Sequence[Done]) -> float | None:
    so_far = in_all([total(each.record.get("ledger") or {})["cost"] for each in done])
    return so_far / len(done) * len(tasks) if so_far else None


def _unpriced(tasks: Sequence[Task]) -> list[str]:
    names: dict[str, None] = {}
    for settings in {id(task.settings): task.settings for task in tasks}.values():
        roles = _calls(settings, 1, 1, own=False, least=False)
        for name in [settings.generator, *(_model(settings, role) for role in roles)]:
            if price_of(name, settings.prices) is None:
                names[name] = None
    return list(names)
