"""The scenes' backdrops: plain paper, sky, meadow, beach, night."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from gems_graph.mini.world import RES, RGB

Array = npt.NDArray[np.float32]
_FINE = 6
_UNIT = RES * _FINE / 96
"""Fine pixels a unit of the drawings below, which are 96 units wide."""
_GRADIENTS: dict[str, tuple[RGB, RGB]] = {
    "plain": ((251, 249, 244), (251, 249, 244)),
    "sky": ((176, 218, 248), (226, 243, 253)),
    "meadow": ((196, 229, 249), (232, 246, 252)),
    "beach": ((206, 235, 250), (232, 246, 252)),
    "night": ((38, 41, 96), (66, 68, 132)),
}
_STARS = (
    (10, 9), (31, 20), (52, 8), (20, 41), (60, 33), (88, 47), (40, 58), (8, 70), (71, 68),
    (29, 86), (56, 82), (90, 88),
)  # fmt: skip


@functools.cache
def backdrop(scene: str, mirrored: bool = False) -> Array:
    """Draw a backdrop: levels (96, 96, 3) from 0 to 255."""
    canvas = _gradient(*_GRADIENTS[scene])
    if scene in _DETAILS:
        _DETAILS[scene](ImageDraw.Draw(canvas))
    small = canvas.resize((RES, RES), Image.Resampling.BOX)
    if mirrored:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(small, np.float32).copy()


def _gradient(top: RGB, bottom: RGB) -> Image.Image:
    side = RES * _FINE
    share = np.linspace(0, 1, side)[:, None, None]
    levels = np.array(top) * (1 - share) + np.array(bottom) * share
    wide = np.broadcast_to(levels, (side, side, 3)).round().astype(np.uint8)
    return Image.fromarray(wide.copy())


def _ellipse(
    draw: ImageDraw.ImageDraw, x: float, y: float, across: float, down: float, paint: RGB
) -> None:
    box = ((x - across) * _UNIT, (y - down) * _UNIT, (x + across) * _UNIT, (y + down) * _UNIT)
    draw.ellipse(box, fill=paint)


def _cloud(draw: ImageDraw.ImageDraw, x: float, y: float, scale: float, paint: RGB) -> None:
    for across, down, radius in ((-7, 1, 4.5), (-1, -2, 6), (6, 0, 5)):
        size = radius * scale
        _ellipse(draw, x + across * scale, y + down * scale, size, size * 0.9, paint)
    left, top, right = x - 11 * scale, y + 0.5 * scale, x + 11 * scale
    base = (left * _UNIT, top * _UNIT, right * _UNIT, (y + 5.2 * scale) * _UNIT)
    draw.rounded_rectangle(base, 2.4 * scale * _UNIT, fill=paint)


def _sky(draw: ImageDraw.ImageDraw) -> None:
    _cloud(draw, 24, 19, 1.2, (238, 247, 254))
    _cloud(draw, 70, 46, 1.5, (240, 248, 254))
    _cloud(draw, 28, 80, 1.3, (244, 250, 255))


def _meadow(draw: ImageDraw.ImageDraw) -> None:
    _cloud(draw, 70, 14, 0.9, (240, 249, 254))
    _ellipse(draw, 14, 110, 76, 66, (214, 236, 186))
    _ellipse(draw, 86, 122, 84, 68, (203, 230, 170))


def _beach(draw: ImageDraw.ImageDraw) -> None:
    side, sand = RES * _FINE, (248, 233, 198)
    _ellipse(draw, 18, 14, 8, 8, (253, 243, 206))
    draw.rectangle((0, 34 * _UNIT, side, side), fill=(180, 224, 238))
    draw.rectangle((0, 40 * _UNIT, side, 42 * _UNIT), fill=(196, 232, 242))
    _ellipse(draw, 30, 112, 90, 62, (235, 246, 246))
    _ellipse(draw, 30, 114, 90, 62, sand)
    draw.rectangle((0, 76 * _UNIT, side, side), fill=sand)


def _night(draw: ImageDraw.ImageDraw) -> None:
    _ellipse(draw, 78, 16, 9, 9, (206, 204, 206))
    _ellipse(draw, 74.3, 13.6, 7.6, 7.6, (42, 45, 101))
    for x, y in _STARS:
        _ellipse(draw, x, y, 0.9, 0.9, (166, 168, 206))


_DETAILS: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "sky": _sky,
    "meadow": _meadow,
    "beach": _beach,
    "night": _night,
}
