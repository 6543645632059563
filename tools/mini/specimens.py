"""Parts of a picture, and the drawn icons that the judge compares them with."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gems_graph.mini.artwork.icons import icon
from gems_graph.mini.world import COLORS, OBJECTS, SIZES, visible

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

STANDS_OUT = 34.0
"""RGB distance from the backdrop that makes a pixel part of a thing."""
_FINE = 16  # side that silhouettes are resampled to


@dataclass(frozen=True)
class Part:
    """A connected part of a picture: its corner, and its mask."""

    top: int
    left: int
    mask: Mask

    @property
    def counts(self) -> bool:
        """Whether it is large enough to be an item; the smallest icon has some 70 pixels."""
        return bool(self.mask.sum() >= 34 and max(self.mask.shape) >= 8)

    def crop(self, pixels: Array) -> Array:
        """Cut the part's window out of a picture."""
        height, width = self.mask.shape
        return pixels[self.top : self.top + height, self.left : self.left + width]


def parts(difference: Array, least: float, top: int = 0, left: int = 0) -> list[Part]:
    """Return the connected parts that stand out by at least so much."""
    labels, _ = ndimage.label(difference > least, np.ones((3, 3)))
    return [
        Part(top + rows.start, left + columns.start, labels[rows, columns] == number)
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1)
    ]


def feature(crop: Array, mask: Mask, color: str) -> Array:
    """Describe a part by silhouette, inner pattern and proportions."""
    main = np.array(COLORS[color], np.float32)
    solid = mask.astype(np.float32)
    pattern = np.minimum(np.sqrt(((crop - main) ** 2).sum(-1)), 200) / 200 * solid
    height, width = mask.shape
    flat = [_resampled(solid).ravel(), _resampled(pattern).ravel(), [6 * np.log(width / height)]]
    return np.concatenate(flat).astype(np.float32)


def _resampled(x: Array) -> Array:
    small: Array = _bins(x.shape[0]) @ x @ _bins(x.shape[1]).T
    return small


@functools.cache
def _bins(length: int) -> Array:
    """Return the matrix (16, length) that averages a side down or up to 16."""
    edges, places = np.linspace(0, length, _FINE + 1), np.arange(length)
    ends = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    share: Array = (np.clip(ends, 0, None) / (length / _FINE)).astype(np.float32)
    return share


@functools.cache
def exemplars() -> tuple[Array, list[int]]:
    """Describe every icon, colour and size on three backdrops, sharp and blurred."""
    features, names = [], []
    for number, name in enumerate(OBJECTS):
        for color in COLORS:
            for picture, ground in _specimens(name, color):
                found = parts(np.sqrt(((picture - ground) ** 2).sum(-1)), STANDS_OUT)
                if found:
                    part = max(found, key=lambda one: int(one.mask.sum()))
                    mask = ndimage.binary_fill_holes(part.mask)
                    features.append(feature(part.crop(picture), mask, color))
                    names.append(number)
    return np.array(features), names


def _specimens(name: str, color: str) -> list[tuple[Array, Array]]:
    pictures = []
    for side in SIZES.values():
        paint, cover = icon(name, color, side)
        for scene, ground in (
            ("plain", (251, 249, 244)), ("sky", (200, 229, 249)), ("night", (58, 60, 122)),
        ):  # fmt: skip
            if visible(color, scene):
                base = np.full((side + 6, side + 6, 3), ground, np.float32)
                picture = base.copy()
                picture[3:-3, 3:-3] = picture[3:-3, 3:-3] * (1 - cover) + paint
                soft = ndimage.uniform_filter(picture, (2, 2, 0)) * 0.5 + picture * 0.5
                pictures += [(picture, base), (soft.astype(np.float32), base)]
    return pictures
