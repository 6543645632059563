"""Icons by name, drawn fine and shrunk to pixels with soft edges."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from gems_graph.mini.artwork import animals, plants, things
from gems_graph.mini.artwork.pen import FINE, Pen, Tones

Array = npt.NDArray[np.float32]

DRAWINGS: dict[str, Callable[[Pen, Tones], None]] = {
    "fish": animals.fish,
    "house": things.house,
    "tree": plants.tree,
    "car": things.car,
    "boat": things.boat,
    "balloon": things.balloon,
    "star": plants.star,
    "heart": plants.heart,
    "flower": plants.flower,
    "mushroom": plants.mushroom,
    "cat": animals.cat,
    "cup": things.cup,
    "duck": animals.duck,
    "rocket": things.rocket,
    "butterfly": animals.butterfly,
    "snail": animals.snail,
}


@functools.cache
def icon(name: str, color: str, side: int) -> tuple[Array, Array]:
    """Draw an icon.

    Returns:
        Premultiplied colour (side, side, 3) from 0 to 255, and coverage (side, side, 1)
        from 0 to 1.
    """
    pen = Pen(side)
    DRAWINGS[name](pen, Tones.of(color))
    fine = np.asarray(pen.image, np.float32)
    cover = fine[..., 3:] / 255
    both = np.concatenate([fine[..., :3] * cover, cover], -1)
    soft = both.reshape(side, FINE, side, FINE, 4).mean((1, 3))
    return soft[..., :3].copy(), soft[..., 3:].copy()
