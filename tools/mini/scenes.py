"""Random scenes to train and measure on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from gems_graph.mini.artwork.render import Cell, Group, Scene
from gems_graph.mini.world import (
    COLORS,
    GRID,
    HELD_OUT,
    MOST_CELLS,
    MOST_ICONS,
    OBJECTS,
    PAIRS,
    REGIONS,
    SCENES,
    Box,
)

WHOLE: Box = (0, 0, GRID, GRID)
LAYOUTS: dict[int, list[tuple[str, ...]]] = {
    2: [
        ("left half", "right half"),
        ("top half", "bottom half"),
        ("top left", "bottom right"),
        ("top right", "bottom left"),
        ("top left", "right half"),
        ("left half", "bottom right"),
        ("top half", "bottom left"),
    ],
    3: [
        ("left half", "top right", "bottom right"),
        ("top left", "bottom left", "right half"),
        ("top half", "bottom left", "bottom right"),
        ("top left", "top right", "bottom half"),
        ("top left", "top right", "bottom left"),
        ("top right", "bottom left", "bottom right"),
    ],
    4: [("top left", "top right", "bottom left", "bottom right")],
}
STRIPS: tuple[tuple[Box, Box, Box], ...] = (
    ((0, 0, 1, 4), (1, 0, 3, 4), (3, 0, 4, 4)),
    ((0, 0, 4, 1), (0, 1, 4, 3), (0, 3, 4, 4)),
)
TRAINED = tuple(pair for pair in PAIRS if pair not in HELD_OUT)
GROUP_SHARES = (0.3, 0.37, 0.2, 0.13)
COUNT_SHARES = (
    (0.26, 0.2, 0.2, 0.18, 0.16),
    (0.38, 0.2, 0.17, 0.14, 0.11),
    (0.48, 0.22, 0.15, 0.1, 0.05),
    (0.62, 0.23, 0.15, 0.0, 0.0),
)
"""How often a group has one to five icons, by the number of groups."""
SCENE_SHARES = (0.32, 0.17, 0.17, 0.17, 0.17)


@dataclass(frozen=True)
class Mix:
    """What scenes are made of: pairs of object and colour, with weights, and shares of sizes."""

    pairs: Sequence[tuple[str, str]] = TRAINED
    weights: Sequence[float] | None = None
    sizes: tuple[float, float, float] = (0.6, 0.2, 0.2)
    """Shares of normal, small and big."""


def sample_scene(rng: random.Random, mix: Mix | None = None) -> Scene:
    """Draw a random scene; the same state of `rng` gives the same scene."""
    mix = mix or Mix()
    number = rng.choices((1, 2, 3, 4), GROUP_SHARES)[0]
    while True:
        groups = _groups(number, rng, mix)
        if arrange(groups, rng, _boxes(number, rng)):
            break
    shares = list(SCENE_SHARES)
    if any(group.color == "black" for group in groups):
        shares[-1] = 0.0
    return Scene(rng.choices(SCENES, shares)[0], groups, rng.random() < 0.5)


def arrange(
    groups: list[Group], rng: random.Random, boxes: Sequence[Box] | None = None, tries: int = 30
) -> bool:
    """Give every group its cells and shifts, each inside its box; False if they do not fit."""
    for _ in range(tries):
        used: set[Cell] = set()
        order = sorted(range(len(groups)), key=lambda k: (groups[k].size != "big", rng.random()))
        for k in order:
            cells = place(groups[k], boxes[k] if boxes else WHOLE, used, rng)
            if cells is None:
                break
            groups[k].cells = cells
            groups[k].shifts = [(rng.randint(-1, 1), rng.randint(-1, 1)) for _ in cells]
            used.update(groups[k].covered())
        else:
            return True
    return False


def place(group: Group, box: Box, used: set[Cell], rng: random.Random) -> list[Cell] | None:
    """Choose free cells inside a box, in reading order; None if there are too few."""
    if group.size == "big":
        return _place_big(group.count, box, used, rng)
    left, top, right, bottom = box
    free = [(c, r) for r in range(top, bottom) for c in range(left, right) if (c, r) not in used]
    if len(free) < group.count:
        return None
    if group.count > 1 and rng.random() < 0.4 and (lines := _lines(group.count, set(free))):
        return rng.choice(lines)
    return _in_order(rng.sample(free, group.count))


def _place_big(count: int, box: Box, used: set[Cell], rng: random.Random) -> list[Cell] | None:
    left, top, right, bottom = box
    taken, chosen = set(used), []
    for _ in range(count):
        fits = [
            (c, r)
            for c in range(left, right - 1)
            for r in range(top, bottom - 1)
            if not taken & {(c, r), (c + 1, r), (c, r + 1), (c + 1, r + 1)}
        ]
        if not fits:
            return None
        chosen.append(rng.choice(fits))
        taken.update(Group("", "", size="big", cells=chosen[-1:]).covered())
    return _in_order(chosen)


def _lines(count: int, free: set[Cell]) -> list[list[Cell]]:
    """Return every row and column of free neighbouring cells."""
    steps = range(count)
    rows = ([(c + step, r) for step in steps] for c, r in sorted(free))
    columns = ([(c, r + step) for step in steps] for c, r in sorted(free))
    return [line for line in (*rows, *columns) if free.issuperset(line)]


def _in_order(cells: list[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: (cell[1], cell[0]))


def _boxes(number: int, rng: random.Random) -> list[Box] | None:
    """Choose a box for each group, so that relations and regions are often true; or none."""
    chance = rng.random()
    if number == 1:
        return [REGIONS[rng.choice(list(REGIONS))]] if chance < 0.45 else None
    if number == 3 and chance < 0.14:
        strips = list(rng.choice(STRIPS))
        middle = strips.pop(1)
        rng.shuffle(strips)
        return [middle, *strips]
    if chance < 0.42:
        return _halves(rng.randint(1, number - 1), number, rng)
    if chance < 0.66:
        regions = list(rng.choice(LAYOUTS[number]))
        rng.shuffle(regions)
        return [REGIONS[region] for region in regions]
    return None


def _halves(first: int, number: int, rng: random.Random) -> list[Box]:
    edge = rng.choices((1, 2, 3), (0.2, 0.6, 0.2))[0]
    one: Box
    other: Box
    if rng.random() < 0.5:
        one, other = (0, 0, edge, GRID), (edge, 0, GRID, GRID)
    else:
        one, other = (0, 0, GRID, edge), (0, edge, GRID, GRID)
    return [one] * first + [other] * (number - first)


def _groups(number: int, rng: random.Random, mix: Mix) -> list[Group]:
    while True:
        kinds = _kinds(number, rng, mix)
        if len(set(kinds)) < number or any(kind not in mix.pairs for kind in kinds):
            continue
        groups = [_group(kind, number, rng, mix) for kind in kinds]
        cells = sum(group.count * group.span**2 for group in groups)
        if sum(group.count for group in groups) <= MOST_ICONS and cells <= MOST_CELLS:
            return groups


def _kinds(number: int, rng: random.Random, mix: Mix) -> list[tuple[str, str]]:
    kinds = rng.choices(mix.pairs, mix.weights, k=number)
    if number > 1 and rng.random() < 0.2:
        kinds[1] = (rng.choice(OBJECTS), kinds[0][1])
    elif number > 1 and rng.random() < 0.2:
        kinds[1] = (kinds[0][0], rng.choice(list(COLORS)))
    return kinds


def _group(kind: tuple[str, str], number: int, rng: random.Random, mix: Mix) -> Group:
    size = rng.choices(("normal", "small", "big"), mix.sizes)[0]
    count = rng.choices((1, 2, 3, 4, 5), COUNT_SHARES[number - 1])[0]
    if size == "big":
        count = 1 if rng.random() < 0.8 else 2
    return Group(*kind, count=count, size=size)
