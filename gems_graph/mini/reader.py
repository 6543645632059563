"""A small learned reader: names what each of the 16 cells of a picture shows, in plain NumPy.

It was trained on rendered scenes, and on faded, mixed, blurred and foreign cells that it calls
unclear (`tools/mini/train_reader.py`). It shares nothing with the generator.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from gems_graph.errors import ConfigError
from gems_graph.mini.arrays import Array, convolve
from gems_graph.mini.world import COLORS, GRID, OBJECTS, PATCH, SCENES, SIZES

WEIGHTS = "mini_reader.npz"
EMPTY, UNCLEAR = "empty", "unclear"
KINDS = (*OBJECTS, EMPTY, UNCLEAR)
HEADS = (len(KINDS), len(COLORS), len(SIZES), 4, len(SCENES))
"""Widths of the answers: object, colour, size, quarter of a big icon, scene."""
_SURE = 0.4  # an object less probable than this is unclear


@dataclass(frozen=True)
class Seen:
    """What one cell shows; `quarter` counts a big icon's cells from 0 in reading order."""

    kind: str
    color: str
    size: str
    quarter: int


def read_cells(pixels: Array) -> tuple[list[Seen], str]:
    """Name every cell of a picture (96, 96, 3), 0 to 255, in reading order, and the scene.

    Raises:
        ConfigError: the weights are missing.
    """
    kinds, colors, sizes, quarters, scenes = _answers(pixels)
    seen = [
        Seen(
            _kind(kinds[cell]),
            list(COLORS)[int(colors[cell].argmax())],
            list(SIZES)[int(sizes[cell].argmax())],
            int(quarters[cell].argmax()),
        )
        for cell in range(GRID * GRID)
    ]
    return seen, SCENES[int(scenes.sum(0).argmax())]


def cells_of(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Cut pictures (..., 96, 96, 3) into cells (..., 16, 24, 24, 3) in reading order."""
    start = pixels.shape[:-3]
    cut = pixels.reshape(*start, GRID, PATCH, GRID, PATCH, 3)
    return np.moveaxis(cut, -4, -3).reshape(*start, GRID * GRID, PATCH, PATCH, 3)


def _kind(scores: Array) -> str:
    odds = np.exp(scores - scores.max())
    best = int(odds[:-1].argmax())
    return KINDS[best] if odds[best] >= _SURE * odds.sum() else UNCLEAR


def _answers(pixels: Array) -> list[Array]:
    net = _net()
    x = cells_of(pixels).astype(np.float32) / np.float32(127.5) - 1
    for layer in ("a", "b"):
        x = np.maximum(convolve(x, net[f"{layer}.weight"], net[f"{layer}.bias"], 2), 0)
    flat = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    hidden = np.maximum(flat @ net["c.weight"].T + net["c.bias"], 0)
    scores = hidden @ net["d.weight"].T + net["d.bias"]
    return np.split(scores, np.cumsum(HEADS)[:-1], -1)


@functools.cache
def _net() -> dict[str, Array]:
    path = files("gems_graph.mini") / WEIGHTS
    if not path.is_file():
        raise ConfigError(f"{WEIGHTS} is missing; reinstall gems-graph.")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name].astype(np.float32) for name in archive.files}
