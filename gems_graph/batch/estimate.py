"""What a batch will take, at least and at most, said before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gems_graph.batch.plan import Done, Task
from gems_graph.batch.summary import in_all
from gems_graph.calls.ledger import total
from gems_graph.settings import Settings
from gems_graph.settings.prices import price_of
from gems_graph.settings.roles import Role

_CRITERIA = 6  # of one prompt, where nobody knows better
_TOKENS = 1500, 300  # of one chat call, in and out: a picture, the question, a short answer


class Need(NamedTuple):
    """What one trajectory takes; cost is None where a price is unknown."""

    images: int
    calls: int
    cost: float | None


class Range(NamedTuple):
    """A need at least and at most; repeats after failures come on top."""

    least: Need
    most: Need


def estimate(tasks: Sequence[Task], done: Sequence[Done], at_once: int) -> str:
    """Say in a few lines what drawing the tasks takes.

    Args:
        tasks: to be drawn.
        done: what the folder has already.
        at_once: how many are drawn at the same time.
    """
    known = len(tasks) + len(done)
    head = f"{known} prompt{'s' * (known != 1)}"
    if not tasks:
        return f"{head}, all done before: nothing to draw."
    before = f", {len(done)} done before" if done else ""
    criteria, whence = _criteria(done)
    ranges = [_range(task, criteria) for task in tasks]
    least = _under_a_shared_cap(tasks, _sum([each.least for each in ranges]))
    most = _under_a_shared_cap(tasks, _sum([each.most for each in ranges]))
    counted = "" if all(task.criteria for task in tasks) else f" ({criteria} criteria {whence})"
    return "\n".join(
        [
            f"{head}{before}: {len(tasks)} to draw, {min(at_once, len(tasks))} at a time.",
            f"They take {_span(least.images, most.images)} images and "
            f"{_span(least.calls, most.calls)} chat calls{counted}; repeats come on top.",
            _money(tasks, done, least, most),
        ]
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
    """Count the calls of each role over some rounds."""
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
    image = price_of(settings.generator_spec, settings.prices)
    prices = [(price_of(_model(settings, role), settings.prices), n) for role, n in calls.items()]
    chat = [n * price.of(*_TOKENS) if price else None for price, n in prices if n]
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


def _criteria(done: Sequence[Done]) -> tuple[int, str]:
    counts = [len(each.record.get("criteria") or ()) for each in done]
    if not any(counts):
        return _CRITERIA, "each assumed"
    return math.ceil(sum(counts) / len(counts)), "each, as those done had"


def _money(tasks: Sequence[Task], done: Sequence[Done], least: Need, most: Need) -> str:
    if least.cost is None or most.cost is None:
        return f"Cost unknown: there is no price for {', '.join(_unpriced(tasks))}; see `prices`."
    if not most.cost:
        return "Cost 0."
    money = _span(f"{least.cost:.2f}", f"{most.cost:.2f}")
    so_far = in_all([total(each.record.get("ledger") or {})["cost"] for each in done])
    likely = ""
    if done and so_far:
        likely = f" About {so_far / len(done) * len(tasks):.2f} if all go as those done did."
    given, made = _TOKENS
    return f"Cost {money}, at {given} tokens in and {made} out a chat call (assumed).{likely}"


def _unpriced(tasks: Sequence[Task]) -> list[str]:
    roles: tuple[Role, ...] = ("planner", "decomposer", "verifier", "refiner", "compressor")
    names: dict[str, Any] = {}
    for settings in {id(task.settings): task.settings for task in tasks}.values():
        if price_of(settings.generator_spec, settings.prices) is None:
            names[settings.generator] = None
        for name in (_model(settings, role) for role in roles):
            if price_of(name, settings.prices) is None:
                names[name] = None
    return list(names)


def _span(least: object, most: object) -> str:
    return str(least) if least == most else f"{least} to {most}"
