"""Random scenes of the small world, and how they are drawn.

A scene is one to three groups of equal items on a jittered 4 x 4 grid of cells.
The pixel checker (`tools.mini.checker`) shares only the palette with this file,
so that it judges a picture without knowing how it was made.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gems_graph.mini.words import BACKGROUNDS, COLORS, GRID, REGIONS, SHAPES, SIZES

Array = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Cell = tuple[int, int]

RES = 48
JITTER = (-1.0, -0.5, 0.0, 0.5, 1.0)
ONE_REGION = ("full", "full", "left half", "right half", "top half", "bottom half")
TWO_REGIONS = (("left half", "right half"), ("top half", "bottom half"))
THREE_REGIONS = (
    ("left half", "top right", "bottom right"),
    ("top left", "bottom left", "right half"),
    ("top half", "bottom left", "bottom right"),
    ("top left", "top right", "bottom half"),
)


@dataclass
class Group:
    """Some equal items: what they are, and the (column, row) cells they lie in."""

    color: str
    shape: str
    count: int
    size: str = "large"
    region: str = "full"
    cells: list[Cell] = field(default_factory=list)
    arrangement: str = "single"


@dataclass
class Scene:
    """A background and one to three groups, each in a region of its own."""

    background: str
    groups: list[Group]


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


def render(scene: Scene, rng: random.Random, res: int = RES) -> Pixels:
    """Draw a scene as RGB pixels (res, res, 3), every item a little off the middle of its cell."""
    side = res // GRID
    picture: Array = np.empty((res, res, 3), np.float32)
    picture[:] = BACKGROUNDS[scene.background]
    for group in scene.groups:
        slack = side * (0.5 - SIZES[group.size]) - 0.4
        offsets = [offset for offset in JITTER if abs(offset) <= slack]
        color = np.array(COLORS[group.color], np.float32)
        for column, row in group.cells:
            stamp = _stamp(group.shape, group.size, side, rng.choice(offsets), rng.choice(offsets))
            view = picture[row * side : (row + 1) * side, column * side : (column + 1) * side]
            view += stamp * (color - view)
    pixels: Pixels = (picture + 0.5).astype(np.uint8)
    return pixels


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


@functools.cache
def _stamp(shape: str, size: str, side: int, right: float, down: float, fine: int = 6) -> Array:
    """Coverage (side, side, 1) of one item in its cell, from `fine` x `fine` samples a pixel."""
    grid = (np.arange(side * fine) + 0.5) / fine
    radius = SIZES[size] * side
    x, y = grid[None, :] - (side / 2 + right), grid[:, None] - (side / 2 + down)
    covered = _inside(shape, radius, x, y).reshape(side, fine, side, fine).mean((1, 3))
    stamp: Array = covered[..., None].astype(np.float32)
    return stamp


def _inside(
    shape: str, radius: float, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    if shape == "circle":
        return x * x + y * y <= radius * radius
    if shape == "square":
        return (abs(x) <= 0.88 * radius) & (abs(y) <= 0.88 * radius)
    if shape == "triangle":
        return (y >= -radius) & (y <= 0.9 * radius) & (abs(x) <= (y + radius) / 1.9)
    upright = (abs(x) <= 0.34 * radius) & (abs(y) <= radius)
    return upright | ((abs(y) <= 0.34 * radius) & (abs(x) <= radius))
