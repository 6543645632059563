"""The kinds of requests to measure on: groups of things, and how they relate."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gems_graph.mini.artwork.render import Group
from gems_graph.mini.world import HELD_OUT, SIZES
from tools.mini.scenes import TRAINED

Rng = random.Random
SIDES = {
    "left of": ("left half", "right half"),
    "right of": ("right half", "left half"),
    "above": ("top half", "bottom half"),
    "below": ("bottom half", "top half"),
}


@dataclass(frozen=True)
class Relation:
    """All of the subject groups lie so to all of the others; groups by index."""

    word: str
    subjects: tuple[int, ...]
    others: tuple[int, ...]


Draft = tuple[list[Group], Relation | None]


def _some(rng: Rng, number: int, counts: Sequence[int]) -> list[Group]:
    kinds = rng.sample(TRAINED, number)
    return [Group(*kind, count=rng.choice(counts)) for kind in kinds]


def _plainly(number: int, counts: Sequence[int]) -> Callable[[Rng], Draft]:
    return lambda rng: (_some(rng, number, counts), None)


def _big_or_small(rng: Rng) -> Draft:
    big, small = _some(rng, 2, (1, 2, 3))
    return rng.sample([replace(big, size="big", count=1), replace(small, size="small")], 2), None


def _one_size(rng: Rng) -> Draft:
    size = rng.choice([size for size in SIZES if size != "normal"])
    return [replace(group, size=size) for group in _some(rng, 1, (1,))], None


def _relation(number: int, counts: Sequence[int]) -> Callable[[Rng], Draft]:
    def draft(rng: Rng) -> Draft:
        cut = 1 if number == 2 else rng.choice((1, 2))
        everyone = tuple(range(number))
        word = rng.choice(list(SIDES))
        return _some(rng, number, counts), Relation(word, everyone[:cut], everyone[cut:])

    return draft


def _between(rng: Rng) -> Draft:
    return _some(rng, 3, (1, 1, 2)), Relation("between", (0,), (1, 2))


def _same_color(rng: Rng) -> Draft:
    one, other = _some(rng, 2, (1, 2, 3))
    return [one, replace(other, color=one.color)], None


def _same_object(rng: Rng) -> Draft:
    one, other = _some(rng, 2, (1, 2, 3))
    return [one, replace(other, object=one.object)], None


def _held_one(rng: Rng) -> Draft:
    return [Group(*rng.choice(sorted(HELD_OUT)), count=rng.randint(1, 3))], None


def _held_two(rng: Rng) -> Draft:
    held = Group(*rng.choice(sorted(HELD_OUT)), count=rng.randint(1, 3))
    return rng.sample([held, *_some(rng, 1, (1, 2, 3))], 2), None


HELD = ("held-out pair, one group", "held-out pair, two groups")
KINDS: dict[str, Callable[[Rng], Draft]] = {
    "one object": _plainly(1, (1,)),
    "one object, big or small": _one_size,
    "one group of 2 to 5": _plainly(1, (2, 3, 4, 5)),
    "big and small": _big_or_small,
    "two groups": _plainly(2, (1, 2, 3)),
    "three groups": _plainly(3, (1, 1, 2, 3)),
    "four groups": _plainly(4, (1, 1, 2)),
    "relation": _relation(2, (1, 2, 3)),
    "relation of three": _relation(3, (1, 1, 2, 3)),
    "between": _between,
    "same colour twice": _same_color,
    "same object twice": _same_object,
    "counts of 3 to 5, two groups": _plainly(2, (3, 4, 5)),
    "scene, two groups": _plainly(2, (1, 2, 3)),
    HELD[0]: _held_one,
    HELD[1]: _held_two,
}
