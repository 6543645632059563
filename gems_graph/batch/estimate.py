"""What a batch will take, at least and at most, known before it starts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gems_graph.batch.plan import Done, Task
from gems_graph.batch.summary import sum_costs
from gems_graph.calls.ledger import total
from gems_graph.generators.asking import chat_of, with_illustrator
from gems_graph.runtime.module import Workload
from gems_graph.settings import Settings
from gems_graph.settings.prices import price_of
from gems_graph.settings.roles import ILLUSTRATOR, ModelSpec, Role
from gems_graph.strategies import open_strategy

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
    counts = [len(each.record.get("criteria") or ()) for each in done]
    criteria = math.ceil(sum(counts) / len(counts)) if any(counts) else _CRITERIA
    ranges = [_range(task, criteria) for task in tasks]
    least = _under_a_shared_cap(tasks, _sum([each.least for each in ranges]))
    most = _under_a_shared_cap(tasks, _sum([each.most for each in ranges]))
    return Estimate(
        len(done),
        len(tasks),
        min(at_once, len(tasks)),
        Range(least, most),
        None if all(task.criteria for task in tasks) else criteria,
        any(counts),
        _likely(tasks, done),
        tuple(_unpriced(tasks)),
    )


def _range(task: Task, criteria: int) -> Range:
    settings = task.settings
    least, most = open_strategy(settings.strategy).rounds(settings)
    if settings.max_images:  # it bounds the rounds: no more are begun once it is spent
        a_round, _ = _calls(Workload(settings, 1, criteria, False, False))
        most = min(most, math.ceil(settings.max_images / max(1, a_round)))
    return Range(_need(task, least, criteria, least=True), _need(task, most, criteria, least=False))


def _need(task: Task, rounds: int, criteria: int, *, least: bool) -> Need:
    """Return what a trajectory of so many rounds takes, under its own caps."""
    settings = task.settings
    probes = len(task.criteria) if task.criteria else min(criteria, settings.max_criteria)
    work = Workload(settings, rounds, probes, task.criteria is not None, least)
    images, calls = _calls(work)
    images = min(images, settings.max_images or images)
    picture_price = price_of(settings.generator_spec.members[0], settings.prices)
    prices = [(price_of(_model(settings, role), settings.prices), n) for role, n in calls.items()]
    chat_costs = [n * price.of(*TOKENS) if price else None for price, n in prices if n]
    cost = sum_costs([images * picture_price.image if picture_price else None, *chat_costs])
    return _capped(settings, Need(images, calls.total(), cost))


def _calls(work: Workload) -> tuple[int, Counter[Role]]:
    """Count the pictures, and the calls of each role, as the modules of the strategy declare."""
    images, calls = 0, Counter[Role]()
    for module in open_strategy(work.settings.strategy).nodes.values():
        images += module.images(work)
        if module.role:
            calls[module.role] += module.calls(work)
    if chat_of(work.settings.generator_spec) is not None:
        calls[ILLUSTRATOR] += images
    return images, calls


def _model(settings: Settings, role: Role) -> str:
    if role == ILLUSTRATOR:
        settings = with_illustrator(settings, chat_of(settings.generator_spec) or ModelSpec())
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
    return Need(sum(images), sum(calls), sum_costs(costs))


def _likely(tasks: Sequence[Task], done: Sequence[Done]) -> float | None:
    spent = sum_costs([total(each.record.get("ledger") or {})["cost"] for each in done])
    return spent / len(done) * len(tasks) if spent else None


def _unpriced(tasks: Sequence[Task]) -> list[str]:
    names: dict[str, None] = {}
    for settings in {id(task.settings): task.settings for task in tasks}.values():
        for spec in settings.generator_spec.members:
            if price_of(spec, settings.prices) is None:
                names[spec.name] = None
        roles = open_strategy(settings.strategy).all_roles
        for name in (_model(settings, role) for role in roles):
            if price_of(name, settings.prices) is None:
                names[name] = None
    return list(names)
