"""An independent reader of the small world's pictures, from pixels alone.

Colours are segmented, connected parts become items, and each item is compared
with analytic templates of the four shapes.  Nothing here knows how a picture
was made, so it can judge the generator and every critic that looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from gems_graph.mini.words import BACKGROUNDS, COLORS, GRID, REGIONS
from tools.mini.scenes import RES, Scene, relation

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Window = tuple[slice, slice]

TERSE_ATOMS = ("colors", "counts", "shapes", "relation")
ATOMS = (*TERSE_ATOMS, "full", "region", "size", "background")
MIN_AREA = 0.0065
"""Smallest share of the picture that counts as an item; less is stray paint."""
MIN_OVERLAP = 0.74
"""Smallest overlap (intersection over union) with a template that counts as that shape."""
UNIT_AREA = {"circle": 3.1416, "square": 3.0976, "triangle": 1.9, "cross": 2.26}
"""Area of each shape at radius one."""
LARGE_RADIUS = 0.36

_BACK = len(BACKGROUNDS)
_PALETTE = np.array([*BACKGROUNDS.values(), *COLORS.values()], np.float64)


@dataclass(frozen=True)
class Item:
    """One thing in the picture; `cx`, `cy` and `area` are shares of the picture (0..1)."""

    color: str
    shape: str
    area: float
    cx: float
    cy: float


def analyse(img: npt.ArrayLike) -> tuple[list[Item], str | None, float]:
    """Read the items, the background and the share of stray paint off a square RGB picture.

    Args:
        img: levels 0..255 of shape (H, H, 3), at the model's own 48 pixels or enlarged
            by a whole factor.
    """
    pixels = _shrunk(np.asarray(img, np.float64))
    distance = ((pixels[:, :, None] - _PALETTE) ** 2).sum(-1)
    background = _background(pixels[distance.argmin(-1) < _BACK])
    base = np.array(BACKGROUNDS[background], np.float64) if background else _PALETTE[0]
    nearest = distance[..., _BACK:].argmin(-1)
    items: list[Item] = []
    stray = 0
    for number, color in enumerate(COLORS):
        alpha = _coverage(pixels, base, _PALETTE[_BACK + number])
        found, lost = _items(color, alpha, (nearest == number) & (alpha > 0.5))
        items += found
        stray += lost
    return items, background, stray / pixels.shape[0] ** 2


def check(scene: Scene, img: npt.ArrayLike) -> dict[str, bool]:
    """Judge a picture against a scene, one verdict for each of `ATOMS`.

    "full" sums up what a terse request states (colors, counts, shapes,
    relation); region, size and background are only stated by longer captions.
    """
    items, background, _ = analyse(img)
    by_color = {
        group.color: [item for item in items if item.color == group.color] for group in scene.groups
    }
    mine = [by_color[group.color] for group in scene.groups]
    pairs = list(zip(scene.groups, mine, strict=True))
    verdict = {
        "colors": {item.color for item in items} == set(by_color),
        "counts": all(len(own) == group.count for group, own in pairs),
        "shapes": all(own and {item.shape for item in own} == {g.shape} for g, own in pairs),
        "relation": _related(scene, mine),
    }
    verdict["full"] = all(verdict.values())
    verdict["region"] = all(_in_region(group.region, own) for group, own in pairs)
    verdict["size"] = all(_has_size(g.shape, g.size, own) for g, own in pairs)
    verdict["background"] = background == scene.background
    return {name: bool(value) for name, value in verdict.items()}


def _shrunk(pixels: Array) -> Array:
    """Undo an enlargement by a whole factor; the shape thresholds are tuned to single pixels."""
    factor, rest = divmod(pixels.shape[0], RES)
    return pixels if rest or factor < 2 else pixels[factor // 2 :: factor, factor // 2 :: factor]


def _background(pixels: Array) -> str | None:
    if not len(pixels):
        return None
    distance = ((np.median(pixels, 0) - _PALETTE[:_BACK]) ** 2).sum(-1)
    return list(BACKGROUNDS)[int(distance.argmin())]


def _coverage(pixels: Array, base: Array, color: Array) -> Array:
    """How far each pixel lies on the way from the background to the colour."""
    way = color - base
    share: Array = ((pixels - base) @ way) / (way @ way)
    return share


def _items(color: str, alpha: Array, mask: Mask) -> tuple[list[Item], int]:
    res = alpha.shape[0]
    labels, _ = ndimage.label(mask)
    items: list[Item] = []
    stray = 0
    for number, window in enumerate(ndimage.find_objects(labels), 1):
        part: Mask = labels[window] == number
        area = int(part.sum())
        if area < MIN_AREA * res * res:
            stray += area
            continue
        ys, xs = np.nonzero(part)
        shape = _shape(np.pad(np.clip(_rimmed(alpha, part, window), 0, 1), 1))
        cx, cy = xs.mean() + window[1].start + 0.5, ys.mean() + window[0].start + 0.5
        items.append(Item(color, shape, area / res / res, float(cx / res), float(cy / res)))
    return items, stray


def _rimmed(alpha: Array, part: Mask, window: Window) -> Array:
    """Coverage of one part and its one-pixel rim, in a window grown by one pixel."""
    top, left = (max(side.start - 1, 0) for side in window)
    view = alpha[top : window[0].stop + 1, left : window[1].stop + 1]
    mask = np.zeros(view.shape, bool)
    y, x = window[0].start - top, window[1].start - left
    mask[y : y + part.shape[0], x : x + part.shape[1]] = part
    rimmed: Array = view * ndimage.binary_dilation(mask, np.ones((3, 3)))
    return rimmed


def _shape(alpha: Array) -> str:
    """Name the shape with the best overlap; `alpha` is padded by one pixel of zeros."""
    (y0, y1), (x0, x1) = _extent(alpha.max(1)), _extent(alpha.max(0))
    height, width = y1 - y0, x1 - x0
    if min(height, width) < 2 or max(height, width) > 1.35 * min(height, width) + 0.8:
        return "malformed"
    best, name = max(
        (float(np.minimum(alpha, mask).sum() / np.maximum(alpha, mask).sum()), shape)
        for grown in (0.0, 0.7, 1.4)  # the thin tip of a triangle fades away
        for shape, mask in _templates(alpha.shape, (y0 - grown, y1), (x0, x1)).items()
        if not grown or shape == "triangle"
    )
    return name if best >= MIN_OVERLAP else "malformed"


def _extent(profile: Array) -> tuple[float, float]:
    """Sub-pixel start and end of what is covered along one axis."""
    hits = np.nonzero(profile > 0.25)[0]
    first, last = int(hits[0]), int(hits[-1])
    return first + 1 - min(1.0, profile[first]), last + min(1.0, profile[last])


def _templates(
    size: tuple[int, ...], y_range: tuple[float, float], x_range: tuple[float, float], fine: int = 4
) -> dict[str, Array]:
    """Soft coverage of every shape inscribed in a sub-pixel box of a window."""
    height, width = size
    y = _axis(height, y_range, fine)[:, None]
    x = _axis(width, x_range, fine)[None, :]
    box = (abs(x) <= 1) & (abs(y) <= 1)
    masks = {
        "circle": x**2 + y**2 <= 1,
        "square": box,
        "triangle": box & (abs(x) <= (y + 1) / 2),
        "cross": box & ((abs(x) <= 0.34) | (abs(y) <= 0.34)),
    }
    return {
        name: mask.reshape(height, fine, width, fine).mean((1, 3)) for name, mask in masks.items()
    }


def _axis(count: int, ends: tuple[float, float], fine: int) -> Array:
    samples = (np.arange(count * fine) + 0.5) / fine
    return (samples - ends[0]) / (ends[1] - ends[0]) * 2 - 1


def _related(scene: Scene, mine: list[list[Item]]) -> bool:
    found = relation(scene)
    if found is None:
        return True
    if not all(mine):
        return False
    word, first, second = found
    axis = "cx" if word == "left" else "cy"
    middles = [float(np.mean([getattr(item, axis) for item in own])) for own in mine]
    return all(middles[one] < middles[other] - 0.03 for one in first for other in second)


def _in_region(region: str, own: list[Item], slack: float = 0.02) -> bool:
    left, top, right, bottom = (edge / GRID for edge in REGIONS[region])
    return bool(own) and all(
        left - slack <= item.cx <= right + slack and top - slack <= item.cy <= bottom + slack
        for item in own
    )


def _has_size(shape: str, size: str, own: list[Item]) -> bool:
    """Compare the mean radius, measured from the areas, with the middle between both sizes."""
    if not own:
        return False
    radius = np.sqrt(np.mean([item.area for item in own]) / UNIT_AREA[shape]) * GRID
    return bool((radius > LARGE_RADIUS) == (size == "large"))
