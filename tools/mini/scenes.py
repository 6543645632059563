"""Random scenes of the small world, as `gems_graph.mini.drawing` draws them.

A scene is one to three groups of equal items on a jittered 4 x 4 grid of cells.
The pixel checker (`tools.mini.checker`) shares only the palette with this file,
so that it judges a picture without knowing how it was made.
"""

from __future__ import annotations

import random

from gems_graph.mini.arrays import RES
from gems_graph.mini.drawing import Cell, Group, Pixels, Scene, render
from gems_graph.mini.words import BACKGROUNDS, COLORS, REGIONS, SHAPES, SIZES

__all__ = [
    "RES", "Cell", "Group", "Pixels", "Scene", "held_out", "relation", "render", "sample_scene",
]  # fmt: skip

ONE_REGION = ("full", "full", "left half", "right half", "top half", "bottom half")
TWO_REGIONS = (("left half", "right half"), ("top half", "bottom half"))
THREE_REGIONS = (
    ("left half", "top right", "bottom right"),
    ("top left", "bottom left", "right half"),
    ("top half", "bottom left", "bottom right"),
    ("top left", "top right", "bottom half"),
)


def sample_scene(rng: random.Random) -> Scene:
    """Draw a random scene; the same state of `rng` gives the same scene."""
    count = rng.choices([1, 2, 3], [0.3, 0.45, 0.25])[0]
    regions = _regions(count, rng)
    colors = rng.sample(list(COLORS), count)
    groups = [_group(region, color, rng) for region, color in zip(regions, colors, strict=True)]
    return Scene(rng.choice(list(BACKGROUNDS)), groups)


def held_out(count: int, seed: int = 777) -> list[Scene]:
    """Draw the scenes every reported figure is measured on."""
    rng = random.Random(seed)
    return [sample_scene(rng) for _ in range(count)]


def relation(scene: Scene) -> tuple[str, list[int], list[int]] | None:
    """Say how the regions relate: "left" or "above", first groups, second groups; or None."""
    regions = [group.region for group in scene.groups]
    if len(regions) < 2:
        return None
    everyone = list(range(len(regions)))
    if regions[0] in ("left half", "top half"):
        return ("left" if regions[0] == "left half" else "above"), [0], everyone[1:]
    return ("left" if regions[-1] == "right half" else "above"), everyone[:-1], [everyone[-1]]


def _regions(count: int, rng: random.Random) -> tuple[str, ...]:
    if count == 1:
        return (rng.choice(ONE_REGION),)
    return rng.choice(TWO_REGIONS if count == 2 else THREE_REGIONS)


def _group(region: str, color: str, rng: random.Random) -> Group:
    count = rng.randint(1, 4)
    cells, arrangement = _place(region, count, rng)
    shape = rng.choice(SHAPES)
    return Group(color, shape, count, rng.choice(list(SIZES)), region, cells, arrangement)


def _place(region: str, count: int, rng: random.Random) -> tuple[list[Cell], str]:
    left, top, right, bottom = REGIONS[region]
    arrangement = _arrangement(right - left, bottom - top, count, rng)
    if arrangement == "row":
        row, start = rng.randrange(top, bottom), rng.randint(left, right - count)
        return [(start + step, row) for step in range(count)], arrangement
    if arrangement == "column":
        column, start = rng.randrange(left, right), rng.randint(top, bottom - count)
        return [(column, start + step) for step in range(count)], arrangement
    everywhere = [(column, row) for column in range(left, right) for row in range(top, bottom)]
    while True:
        cells = rng.sample(everywhere, count)
        if arrangement == "single" or count > 2 or _apart(cells[0], cells[1]):
            return sorted(cells, key=lambda cell: (cell[1], cell[0])), arrangement


def _arrangement(width: int, height: int, count: int, rng: random.Random) -> str:
    if count == 1:
        return "single"
    fits = [
        ("row", count <= width),
        ("column", count <= height),
        ("scattered", not (width == height == 2) or count > 2),
    ]
    return rng.choice([name for name, fit in fits if fit])


def _apart(one: Cell, other: Cell) -> bool:
    return one[0] != other[0] and one[1] != other[1]
