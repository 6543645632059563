"""Reads a picture of the small world: which items it shows, where, and on what scene."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, UnidentifiedImageError

from gems_graph.mini.arrays import Array
from gems_graph.mini.reader import EMPTY, UNCLEAR, Seen, read_cells
from gems_graph.mini.world import CELLS, GRID, REGIONS, RES
from gems_graph.system.processes import Lock

_ONE_AT_A_TIME = Lock()
_LONGEST = 8  # times the shorter side that the longer may be
_MOST_UNCLEAR = 4  # cells; a picture with more is not of this world


@dataclass(frozen=True)
class Item:
    """One item; x and y are its centre, from 0 to 1; `object` is None if it cannot be told."""

    object: str | None
    color: str
    size: str
    x: float
    y: float
    cells: tuple[str, ...]

    @property
    def kind(self) -> tuple[str | None, str]:
        """Object and colour."""
        return self.object, self.color

    def within(self, region: str) -> bool:
        """Whether its centre lies in a region."""
        left, top, right, bottom = (edge / GRID for edge in REGIONS[region])
        return left <= self.x <= right and top <= self.y <= bottom


@dataclass(frozen=True)
class Look:
    """What a picture shows; `clear` is false for pictures that are not of the small world."""

    items: tuple[Item, ...] = ()
    scene: str | None = None
    clear: bool = True


def look(data: bytes) -> Look:
    """Look at an encoded picture of any size; the last 64 results are cached."""
    with _ONE_AT_A_TIME:  # all probes of a picture come at once and should cost one look
        return _look(data)


@lru_cache(maxsize=64)
def _look(data: bytes) -> Look:
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = _resized(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return Look(clear=False)
    return look_at(pixels)


def look_at(pixels: Array) -> Look:
    """Look at RGB pixels (96, 96, 3), 0 to 255."""
    seen, scene = read_cells(pixels)
    if sum(cell.kind == UNCLEAR for cell in seen) > _MOST_UNCLEAR:
        return Look(clear=False)
    items = [*_single(seen), *_big(seen)]
    return Look(tuple(sorted(items, key=lambda item: (item.y, item.x))), scene)


def _resized(image: Image.Image) -> Array:
    """Shrink the middle square."""
    if max(image.size) > _LONGEST * min(image.size):
        msg = "a strip, not a picture of the small world"
        raise ValueError(msg)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((RES, RES), Image.Resampling.BOX), np.float32)


def _single(seen: list[Seen]) -> list[Item]:
    return [
        _item(None if cell.kind == UNCLEAR else cell.kind, cell, number % GRID, number // GRID, 1)
        for number, cell in enumerate(seen)
        if cell.kind == UNCLEAR or (cell.kind != EMPTY and cell.size != "big")
    ]


def _big(seen: list[Seen]) -> list[Item]:
    """Put the quarters of big icons together; one that is not whole cannot be told."""
    icons: dict[tuple[int, int, str, str], list[Seen]] = defaultdict(list)
    for number, cell in enumerate(seen):
        if cell.kind not in (EMPTY, UNCLEAR) and cell.size == "big":
            column, row = number % GRID - cell.quarter % 2, number // GRID - cell.quarter // 2
            icons[column, row, cell.kind, cell.color].append(cell)
    return [
        _item(kind if len(parts) == 4 else None, parts[0], column, row, 2)
        for (column, row, kind, _), parts in icons.items()
    ]


def _item(name: str | None, cell: Seen, column: int, row: int, span: int) -> Item:
    steps = range(span)
    places = [(column + right, row + down) for down in steps for right in steps]
    cells = tuple(CELLS[r * GRID + c] for c, r in places if 0 <= c < GRID and 0 <= r < GRID)
    x, y = ((start + span / 2) / GRID for start in (column, row))
    return Item(name, cell.color, cell.size, x, y, cells)
