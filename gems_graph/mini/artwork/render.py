"""Scenes as data, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gems_graph.mini.artwork.backdrops import backdrop
from gems_graph.mini.artwork.icons import icon
from gems_graph.mini.world import PATCH, SIZES

Pixels = npt.NDArray[np.uint8]
Cell = tuple[int, int]
"""Column and row, from 0; for a big icon, of its top left cell."""


@dataclass
class Group:
    """Some equal icons: what they are, their cells, and how far each is off the middle."""

    object: str
    color: str
    count: int = 1
    size: str = "normal"
    cells: list[Cell] = field(default_factory=list)
    shifts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def kind(self) -> tuple[str, str]:
        """Object and colour, by which groups are told apart."""
        return self.object, self.color

    @property
    def span(self) -> int:
        """Cells along each side of one icon."""
        return 2 if self.size == "big" else 1

    def covered(self) -> list[Cell]:
        """Return every cell the icons touch, in reading order."""
        steps = range(self.span)
        cells = {(c + right, r + down) for c, r in self.cells for right in steps for down in steps}
        return sorted(cells, key=lambda cell: (cell[1], cell[0]))


@dataclass
class Scene:
    """A backdrop and one to four groups of icons."""

    backdrop: str
    groups: list[Group]
    mirrored: bool = False


def render(scene: Scene) -> Pixels:
    """Draw a scene as RGB pixels (96, 96, 3); cells without a shift hold their icon centred."""
    picture = backdrop(scene.backdrop, scene.mirrored).copy()
    for group in scene.groups:
        side = SIZES[group.size]
        paint, cover = icon(group.object, group.color, side)
        margin = (group.span * PATCH - side) // 2
        shifts = group.shifts or [(0, 0)] * len(group.cells)
        for (column, row), (right, down) in zip(group.cells, shifts, strict=True):
            top, left = row * PATCH + margin + down, column * PATCH + margin + right
            view = picture[top : top + side, left : left + side]
            view *= 1 - cover
            view += paint
    pixels: Pixels = (picture + 0.5).astype(np.uint8)
    return pixels
