"""Measures one blob of colour: its shape, size and place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gems_graph.mini.words import CELLS, GRID, REGIONS, SIZES

Array = npt.NDArray[np.float32]
Blob = list[tuple[int, int]]
"""Pixels as (row, column)."""

SIDE = 48  # pixels of the shorter side while looking; a cell is 12 of them
CELL_SIDE = SIDE // GRID
_MARKS = {
    "circle": (0.80, 0.0, 3.14),
    "square": (1.00, 0.0, 3.10),
    "triangle": (0.60, 0.135, 1.90),
    "cross": (0.55, 0.0, 2.26),
}
"""Share of its box that a shape fills, how far its weight lies below the middle of the
box (in heights), and its area in squared radii."""
_DRIFT = 0.13  # a blob further than this from every shape is none of them


@dataclass(frozen=True)
class Item:
    """One item; x and y are its centre, from 0 to 1 across the picture's central square."""

    color: str
    shape: str | None
    size: str
    x: float
    y: float

    @property
    def cell(self) -> str:
        """The grid cell of its centre, e.g. `b3`."""
        column, row = (min(max(int(v * GRID), 0), GRID - 1) for v in (self.x, self.y))
        return CELLS[row * GRID + column]

    def within(self, region: str) -> bool:
        """Whether its centre lies in a region (a half or a quarter)."""
        left, top, right, bottom = (edge / GRID for edge in REGIONS[region])
        return left <= self.x <= right and top <= self.y <= bottom


def measure(color: str, coverage: Array, blob: Blob) -> Item:
    """Measure a blob on its soft coverage, its one-pixel rim included."""
    soft = np.zeros(np.array(coverage.shape) + 2, np.float32)
    padded = np.pad(coverage, 1)
    for i, j in blob:
        soft[i : i + 3, j : j + 3] = padded[i : i + 3, j : j + 3]
    mass = float(soft.sum())
    top, left = ((length - SIDE) // 2 for length in coverage.shape)
    ys, xs = (np.arange(length) - 0.5 for length in soft.shape)
    y, x = float(soft.sum(1) @ ys) / mass, float(soft.sum(0) @ xs) / mass
    shape = _shape(soft, mass)
    radius = (mass / _MARKS[shape or "circle"][2]) ** 0.5 / CELL_SIDE
    size = min(SIZES, key=lambda name: abs(SIZES[name] - radius))
    return Item(color, shape, size, (x - left) / SIDE, (y - top) / SIDE)


def _shape(soft: Array, mass: float) -> str | None:
    """Tell the shape by how much of its box it fills and how low its weight lies."""
    rows, columns = soft.max(1), soft.max(0)
    height, width = float(rows.sum()), float(columns.sum())
    if max(height, width) > 1.3 * min(height, width):
        return None
    fill = mass / (height * width)
    drop, lean = (
        (_centre(soft.sum(1 - k)) - _centre(soft.max(1 - k))) / s
        for k, s in ((0, height), (1, width))
    )
    drifts = {
        name: float(np.hypot(fill - full, 2 * np.hypot(drop - low, lean)))
        for name, (full, low, _) in _MARKS.items()
    }
    best = min(drifts, key=lambda name: drifts[name])
    return best if drifts[best] < _DRIFT else None


def _centre(weights: Array) -> float:
    return float(weights @ np.arange(len(weights)) / weights.sum())
