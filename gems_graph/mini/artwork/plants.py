"""What grows or shines: tree, flower, mushroom, star, heart."""

from __future__ import annotations

import math

from gems_graph.mini.artwork.pen import Pen, Tones, mix
from gems_graph.mini.world import COLORS

_WARM = (COLORS["yellow"], COLORS["orange"])


def tree(pen: Pen, tones: Tones) -> None:
    """Draw a fir of three tiers."""
    pen.box(0.42, 0.8, 0.58, 1, (122, 82, 54))
    pen.polygon([(0.5, 0.36), (0.98, 0.88), (0.02, 0.88)], tones.dark)
    pen.polygon([(0.5, 0.18), (0.88, 0.64), (0.12, 0.64)], tones.main)
    pen.polygon([(0.5, 0), (0.76, 0.38), (0.24, 0.38)], mix(tones.main, tones.light, 0.5))


def flower(pen: Pen, tones: Tones) -> None:
    """Draw a blossom of six petals."""
    for petal in range(6):
        angle = petal * math.pi / 3
        paint = tones.main if petal % 2 else mix(tones.main, tones.dark, 0.35)
        pen.disc(0.5 + 0.3 * math.sin(angle), 0.5 - 0.3 * math.cos(angle), 0.2, paint)
    pen.disc(0.5, 0.5, 0.22, tones.main)
    pen.disc(0.5, 0.5, 0.17, (255, 252, 240) if tones.main in _WARM else (255, 236, 140))
    pen.disc(0.5, 0.5, 0.07, (236, 170, 60))


def mushroom(pen: Pen, tones: Tones) -> None:
    """Draw a mushroom with a dotted cap."""
    pen.box(0.33, 0.46, 0.67, 0.98, tones.light, 0.1)
    pen.pie((0, 0.02, 1, 1.06), 180, 360, tones.main)
    pen.box(0, 0.5, 1, 0.58, tones.dark, 0.04)
    for x, y, radius in ((0.27, 0.36, 0.085), (0.53, 0.2, 0.095), (0.76, 0.4, 0.075)):
        pen.disc(x, y, radius, (255, 252, 244))


def star(pen: Pen, tones: Tones) -> None:
    """Draw a smiling star."""
    points = []
    for corner in range(10):
        radius, angle = (0.54, 0.25)[corner % 2], corner * math.pi / 5
        points.append((0.5 + radius * math.sin(angle), 0.54 - radius * math.cos(angle)))
    pen.polygon(points, tones.main)
    pen.smile(0.5, 0.5, 0.12, tones.face)


def heart(pen: Pen, tones: Tones) -> None:
    """Draw a smiling heart."""
    outline = []
    for step in range(120):
        t = 2 * math.pi * step / 119
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        outline.append((0.5 + x / 32.5, 0.46 - y / 31))
    pen.polygon(outline, tones.main)
    pen.ellipse(0.14, 0.16, 0.34, 0.36, tones.light)
    pen.smile(0.52, 0.46, 0.14, tones.face)
