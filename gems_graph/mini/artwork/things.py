"""What people make: house, car, boat, balloon, cup, rocket."""

from __future__ import annotations

from gems_graph.mini.artwork.pen import CREAM, INK, Pen, Tones

_GLASS = (226, 242, 252)


def house(pen: Pen, tones: Tones) -> None:
    """Draw a house with a chimney."""
    pen.box(0.72, 0.1, 0.86, 0.4, tones.dark)
    pen.box(0.12, 0.44, 0.88, 0.97, tones.main)
    pen.polygon([(0, 0.5), (0.5, 0.03), (1, 0.5)], tones.dark)
    pen.box(0.4, 0.64, 0.6, 0.97, tones.dark, 0.03)
    pen.box(0.19, 0.58, 0.34, 0.74, CREAM)
    pen.box(0.66, 0.58, 0.81, 0.74, CREAM)
    pen.disc(0.5, 0.32, 0.08, CREAM)


def car(pen: Pen, tones: Tones) -> None:
    """Draw a car that drives to the right."""
    pen.polygon([(0.17, 0.48), (0.3, 0.16), (0.7, 0.16), (0.86, 0.48)], tones.main)
    pen.box(0, 0.44, 1, 0.78, tones.main, 0.1)
    pen.box(0.02, 0.66, 0.98, 0.78, tones.dark, 0.05)
    pen.polygon([(0.27, 0.44), (0.35, 0.24), (0.48, 0.24), (0.48, 0.44)], _GLASS)
    pen.polygon([(0.54, 0.44), (0.54, 0.24), (0.66, 0.24), (0.75, 0.44)], _GLASS)
    for x in (0.24, 0.76):
        pen.disc(x, 0.78, 0.15, INK)
        pen.disc(x, 0.78, 0.065, (225, 225, 232))
    pen.disc(0.94, 0.56, 0.05, CREAM)


def boat(pen: Pen, tones: Tones) -> None:
    """Draw a sailing boat."""
    pen.box(0.455, 0.03, 0.525, 0.7, (110, 80, 60))
    pen.polygon([(0.52, 0.04), (0.96, 0.6), (0.52, 0.6)], tones.main)
    pen.polygon([(0.46, 0.14), (0.46, 0.6), (0.08, 0.6)], tones.light)
    pen.polygon([(0, 0.66), (1, 0.66), (0.82, 0.98), (0.18, 0.98)], tones.main)
    pen.polygon([(0.06, 0.76), (0.94, 0.76), (0.9, 0.84), (0.1, 0.84)], tones.dark)


def balloon(pen: Pen, tones: Tones) -> None:
    """Draw a balloon on a curly string."""
    pen.arc((0.36, 0.76, 0.56, 0.9), 270, 90, INK, 0.05)
    pen.arc((0.44, 0.86, 0.62, 1.04), 150, 270, INK, 0.05)
    pen.polygon([(0.5, 0.7), (0.38, 0.82), (0.62, 0.82)], tones.dark)
    pen.ellipse(0.13, 0, 0.87, 0.76, tones.main)
    pen.ellipse(0.26, 0.1, 0.44, 0.34, tones.light)


def cup(pen: Pen, tones: Tones) -> None:
    """Draw a smiling cup of coffee."""
    pen.arc((0.56, 0.3, 0.99, 0.76), 0, 360, tones.dark, 0.1)
    pen.polygon([(0.02, 0.2), (0.76, 0.2), (0.68, 0.97), (0.1, 0.97)], tones.main)
    pen.ellipse(0.02, 0.08, 0.76, 0.32, tones.light)
    pen.ellipse(0.1, 0.13, 0.68, 0.28, (104, 66, 44))
    pen.smile(0.39, 0.56, 0.14, tones.face)


def rocket(pen: Pen, tones: Tones) -> None:
    """Draw a rocket that takes off."""
    pen.polygon([(0.36, 0.78), (0.64, 0.78), (0.5, 1.02)], (252, 186, 52))
    pen.polygon([(0.32, 0.48), (0.06, 0.88), (0.36, 0.8)], tones.dark)
    pen.polygon([(0.68, 0.48), (0.94, 0.88), (0.64, 0.8)], tones.dark)
    pen.ellipse(0.27, -0.02, 0.73, 0.88, tones.main)
    pen.pie((0.27, -0.02, 0.73, 0.88), 40, 140, tones.dark)
    pen.pie((0.27, -0.02, 0.73, 0.88), 215, 325, tones.light)
    pen.box(0.27, 0.28, 0.73, 0.6, tones.main)
    pen.disc(0.5, 0.42, 0.15, tones.dark)
    pen.disc(0.5, 0.42, 0.105, _GLASS)
