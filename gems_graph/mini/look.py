"""Reads a picture of the small world: which items it shows, and where.

NumPy and Pillow only. Every pixel is unmixed into background and one palette
colour; what is mostly colour falls into connected blobs; a blob's shape is told
from a few moments of its soft coverage.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from gems_graph.mini.items import CELL_SIDE, SIDE, Array, Blob, Item, measure
from gems_graph.mini.words import BACKGROUNDS, COLORS, GRID
from gems_graph.system.processes import Lock

_ONE_AT_A_TIME = Lock()

_SPECK = 15  # smaller blobs are specks: the smallest item, a small triangle, has 25 pixels
_LONGEST = 8  # times the shorter side that the longer may be
_STRANGE = 45.0  # an RGB distance that no mixture of background and one colour reaches
_CLEAR = 0.92  # share of pixels that must be such mixtures


@dataclass(frozen=True)
class Look:
    """What a picture shows; `clear` is false for pictures that are not of the small world."""

    items: tuple[Item, ...] = ()
    background: str | None = None
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
    """Look at RGB pixels (H, W, 3), 0 to 255, the shorter side `SIDE`."""
    names = list(COLORS)
    name, ground = _background(pixels)
    coverage, errors = _unmix(pixels - ground, np.array(list(COLORS.values())) - ground)
    if name is None or (errors.min(0) < _STRANGE).mean() < _CLEAR:
        return Look(clear=False)
    best = errors.argmin(0)
    items = [
        measure(names[k], coverage[k], blob)
        for k in range(len(names))
        for blob in _blobs((best == k) & (coverage[k] > 0.5))
    ]
    return Look(tuple(sorted(items, key=lambda i: (int(i.y * GRID), i.x))), name)


def _resized(image: Image.Image) -> Array:
    if max(image.size) > _LONGEST * min(image.size):
        msg = "a strip, not a picture of the small world"
        raise ValueError(msg)
    scale = SIDE / min(image.size)
    size = (max(SIDE, round(image.width * scale)), max(SIDE, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)


def _background(pixels: Array) -> tuple[str | None, Array]:
    """Name the background and measure its colour: the median of what is nearest to one."""
    palette = np.array([*BACKGROUNDS.values(), *COLORS.values()], np.float32)
    distance = np.linalg.norm(pixels[:, :, None] - palette, axis=-1)
    light = pixels[distance.argmin(-1) < len(BACKGROUNDS)]
    if len(light) < 0.1 * distance.shape[0] * distance.shape[1]:
        return None, palette[0]
    ground = np.median(light, axis=0)
    gaps = np.linalg.norm(palette[: len(BACKGROUNDS)] - ground, axis=-1)
    return (list(BACKGROUNDS)[int(gaps.argmin())] if gaps.min() < _STRANGE else None), ground


def _unmix(offset: Array, colors: Array) -> tuple[Array, Array]:
    """Explain each pixel as background plus a share of one colour.

    Returns:
        Shares 0..1 and RGB distances left over, both (colours, H, W).
    """
    share = np.einsum("hwc,kc->khw", offset, colors) / (colors**2).sum(-1)[:, None, None]
    share = np.clip(share, 0, 1)
    residual = offset - share[..., None] * colors[:, None, None]
    return share, np.linalg.norm(residual, axis=-1)


def _blobs(mask: npt.NDArray[np.bool_]) -> list[Blob]:
    """Collect connected pixels (y, x); blobs wider than a cell are cut along the grid.

    Items never cross their cell, but two neighbours of one colour may touch.
    """
    unvisited = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    blobs: list[Blob] = []
    while unvisited:
        blob = _flood(unvisited)
        spans = [max(p[k] for p in blob) - min(p[k] for p in blob) + 1 for k in (0, 1)]
        blobs += [blob] if max(spans) <= CELL_SIDE + 1 else _cut(blob, mask.shape)
    return [blob for blob in blobs if len(blob) >= _SPECK]


def _flood(unvisited: set[tuple[int, int]]) -> Blob:
    """Remove one blob of connected pixels from the unvisited ones, and return it."""
    blob = [unvisited.pop()]
    for y, x in blob:
        for neighbour in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
            if neighbour in unvisited:
                unvisited.remove(neighbour)
                blob.append(neighbour)
    return blob


def _cut(blob: Blob, shape: tuple[int, ...]) -> list[Blob]:
    top, left = ((length - SIDE) // 2 for length in shape)
    cells: dict[tuple[int, int], Blob] = {}
    for y, x in blob:
        cells.setdefault(((y - top) // CELL_SIDE, (x - left) // CELL_SIDE), []).append((y, x))
    return list(cells.values())
