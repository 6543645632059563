"""How scenes of the small world are drawn, exactly: flat shapes on a jittered 4 x 4 grid of cells.

The generator was trained on such pictures; the evaluation of a Verifier asks about them, as what
they show is known.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gems_graph.mini.arrays import RES
from gems_graph.mini.words import BACKGROUNDS, COLORS, GRID, SIZES

Array = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Cell = tuple[int, int]

JITTER = (-1.0, -0.5, 0.0, 0.5, 1.0)


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
