"""An independent reader of the small world's pictures, to judge what the Verifier chose.

What differs from the nearest backdrop falls into connected parts; each part is compared, by
silhouette and inner pattern, with the icons as drawn; its colour is what most of its pixels are
painted in. Nothing here is learned or shared with the Verifier's reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from gems_graph.mini.artwork.backdrops import backdrop
from gems_graph.mini.artwork.pen import Tones
from gems_graph.mini.world import COLORS, OBJECTS, RES, SCENES
from tools.mini.specimens import STANDS_OUT, Part, exemplars, feature, parts

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_PAINTS = np.array([(t.main, t.dark, t.light) for t in map(Tones.of, COLORS)], np.float32)
_STRICTER = (48.0, 64.0, 80.0)
_SUSPICIOUS, _STRANGE = 4.5, 9.5  # distances from the nearest drawn icon
_SHARP = 0.14  # steepness of edges: drawn ones have 0.33 and more, a blur of 2.5 pixels 0.15


@dataclass(frozen=True)
class Item:
    """One thing in the picture; `object` is None if it is like no icon; `x`, `y` from 0 to 1."""

    object: str | None
    color: str
    size: str
    x: float
    y: float
    strangeness: float


@dataclass(frozen=True)
class Reading:
    """What a picture shows, and how many pixels are stray paint."""

    scene: str
    items: tuple[Item, ...]
    stray: int


def read(img: npt.ArrayLike) -> Reading:
    """Read a square RGB picture, at the world's own 96 pixels or enlarged."""
    pixels = _shrunk(img)
    scene, difference = _scene(pixels)
    items: list[Item] = []
    stray = 0
    for part in parts(difference, STANDS_OUT):
        pieces = _pieces(pixels, difference, part)
        found = [classify(pixels, piece) for piece in pieces]
        items += [
            item if _sharpness(piece.crop(difference)) >= _SHARP else replace(item, object=None)
            for item, piece in zip(found, pieces, strict=True)
            if item
        ]
        stray += int(part.mask.sum()) if not any(found) else 0
    return Reading(scene, tuple(items), stray)


def classify(pixels: Array, part: Part) -> Item | None:
    """Name a part; None if no paint of the world is in it."""
    if not part.counts:
        return None
    mask: Mask = ndimage.binary_fill_holes(part.mask)
    crop = part.crop(pixels)
    color, share = _color(crop[mask])
    if share < 0.15:
        return None
    features, names = exemplars()
    gaps = ((features - feature(crop, mask, color)) ** 2).sum(1)
    nearest = int(gaps.argmin())
    strangeness = float(np.sqrt(gaps[nearest]))
    clear = strangeness <= _STRANGE and share >= 0.25
    height, width = mask.shape
    side = max(height, width)
    size = "small" if side <= 15 else "normal" if side <= 27 else "big"
    x, y = (part.left + width / 2) / RES, (part.top + height / 2) / RES
    return Item(OBJECTS[names[nearest]] if clear else None, color, size, x, y, strangeness)


def _pieces(pixels: Array, difference: Array, part: Part) -> list[Part]:
    """Return a part, or what it falls into where a halo seems to have joined neighbours."""
    best, worst = [part], _worst(pixels, [part])
    if worst <= _SUSPICIOUS:
        return best
    for least in _STRICTER:
        inner = part.crop(difference) * part.mask
        split = [piece for piece in parts(inner, least, part.top, part.left) if piece.counts]
        if split and _worst(pixels, split) < worst - 0.3:
            best, worst = split, _worst(pixels, split)
    return best


def _sharpness(difference: Array) -> float:
    """Return how steep the edges of a part are, as a share of its contrast a pixel."""
    steep = np.hypot(*np.gradient(difference))
    return float(np.quantile(steep, 0.9) / np.quantile(difference, 0.9))


def _worst(pixels: Array, pieces: Sequence[Part]) -> float:
    found = [item for piece in pieces if (item := classify(pixels, piece))]
    return max((item.strangeness for item in found), default=0.0)


def _shrunk(img: npt.ArrayLike) -> Array:
    picture = Image.fromarray(np.asarray(img, np.uint8))
    if picture.width != RES:
        picture = picture.resize((RES, RES), Image.Resampling.BOX)
    return np.asarray(picture, np.float32)


def _scene(pixels: Array) -> tuple[str, Array]:
    """Name the nearest backdrop, and measure how far each pixel is from it or its mirror image.

    A cloud or moon on the wrong side is a slip of the backdrop, not a thing.
    """
    gaps = {
        (scene, mirrored): np.minimum(np.abs(pixels - backdrop(scene, mirrored)).sum(-1), 60)
        for scene in SCENES
        for mirrored in (False, True)
    }
    scene, _ = min(gaps, key=lambda key: float(gaps[key].mean()))
    both = [np.sqrt(((pixels - backdrop(scene, side)) ** 2).sum(-1)) for side in (False, True)]
    return scene, np.minimum(*both)


def _color(pixels: Array) -> tuple[str, float]:
    """Name the colour most pixels (N, 3) are painted in, and the share that are."""
    gaps = ((pixels[:, None, None] - _PAINTS) ** 2).sum(-1).min(-1)
    votes = np.bincount(gaps.argmin(1), gaps.min(1) < 60**2, len(COLORS))
    names = list(COLORS)
    weighed = votes.copy()
    weighed[names.index("black")] *= 0.6  # eyes and wheels are dark on every icon
    best = int(weighed.argmax())
    return names[best], float(votes[best] / max(1, len(pixels)))
