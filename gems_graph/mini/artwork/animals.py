"""The animals: fish, cat, duck, butterfly, snail."""

from __future__ import annotations

from gems_graph.mini.artwork.pen import INK, WHITE, Pen, Tones, mix


def fish(pen: Pen, tones: Tones) -> None:
    """Draw a fish that swims to the left."""
    pen.polygon([(0.62, 0.52), (1, 0.14), (0.9, 0.52), (1, 0.9)], tones.dark)
    pen.polygon([(0.28, 0.3), (0.5, 0.06), (0.62, 0.34)], tones.dark)
    pen.ellipse(0, 0.2, 0.76, 0.86, tones.main)
    pen.ellipse(0.1, 0.56, 0.6, 0.82, tones.light)
    pen.polygon([(0.36, 0.5), (0.58, 0.42), (0.54, 0.66)], tones.dark)
    pen.disc(0.19, 0.44, 0.085, WHITE)
    pen.disc(0.175, 0.45, 0.05, INK)


def cat(pen: Pen, tones: Tones) -> None:
    """Draw the head of a cat."""
    pen.polygon([(0.04, 0.56), (0.08, 0.0), (0.48, 0.3)], tones.main)
    pen.polygon([(0.96, 0.56), (0.92, 0.0), (0.52, 0.3)], tones.main)
    pen.polygon([(0.13, 0.32), (0.15, 0.13), (0.3, 0.26)], tones.light)
    pen.polygon([(0.87, 0.32), (0.85, 0.13), (0.7, 0.26)], tones.light)
    pen.ellipse(0.02, 0.2, 0.98, 0.99, tones.main)
    pen.ellipse(0.3, 0.62, 0.7, 0.92, tones.light)
    pen.ellipse(0.24, 0.44, 0.38, 0.62, tones.glow)
    pen.ellipse(0.62, 0.44, 0.76, 0.62, tones.glow)
    pen.polygon([(0.43, 0.66), (0.57, 0.66), (0.5, 0.75)], INK)


def duck(pen: Pen, tones: Tones) -> None:
    """Draw a bath duck that looks to the left."""
    orange = (240, 120, 30) if tones.main != (246, 128, 26) else (255, 226, 120)
    pen.polygon([(0.72, 0.62), (1.0, 0.36), (0.96, 0.74)], tones.main)
    pen.ellipse(0.14, 0.46, 0.96, 0.98, tones.main)
    pen.ellipse(0.42, 0.58, 0.84, 0.84, tones.dark)
    pen.ellipse(0.42, 0.54, 0.8, 0.78, tones.light)
    pen.disc(0.36, 0.28, 0.26, tones.main)
    pen.polygon([(0.14, 0.24), (0.14, 0.42), (0.0, 0.36)], orange)
    pen.disc(0.27, 0.23, 0.06, tones.glow)


def butterfly(pen: Pen, tones: Tones) -> None:
    """Draw a butterfly seen from above."""
    body = INK if tones.main != (42, 42, 50) else (214, 178, 120)
    for x, way in ((0.5, -1), (0.5, 1)):
        pen.polygon([(x, 0.5), (x + way * 0.5, 0.1), (x + way * 0.44, 0.52)], tones.main)
        pen.disc(x + way * 0.28, 0.3, 0.215, tones.main)
        pen.disc(x + way * 0.24, 0.7, 0.2, tones.dark)
        pen.disc(x + way * 0.31, 0.28, 0.085, tones.light)
        pen.disc(x + way * 0.25, 0.72, 0.075, mix(tones.light, WHITE, 0.4))
    pen.box(0.445, 0.2, 0.555, 0.88, body, 0.05)
    pen.disc(0.5, 0.19, 0.085, body)
    pen.arc((0.26, 0.0, 0.5, 0.3), 270, 350, body, 0.035)
    pen.arc((0.5, 0.0, 0.74, 0.3), 190, 270, body, 0.035)


def snail(pen: Pen, tones: Tones) -> None:
    """Draw a snail that creeps to the left."""
    skin = (216, 172, 122)
    pen.box(0.02, 0.8, 0.98, 0.97, skin, 0.08)
    pen.box(0.04, 0.36, 0.24, 0.9, skin, 0.1)
    pen.polygon([(0.05, 0.42), (0.0, 0.14), (0.1, 0.42)], skin)
    pen.polygon([(0.16, 0.42), (0.25, 0.14), (0.22, 0.42)], skin)
    pen.disc(0.02, 0.16, 0.045, INK)
    pen.disc(0.25, 0.16, 0.045, INK)
    pen.disc(0.1, 0.5, 0.045, INK)
    pen.disc(0.61, 0.5, 0.38, tones.main)
    pen.disc(0.63, 0.53, 0.25, tones.light)
    pen.disc(0.6, 0.55, 0.16, tones.dark)
    pen.disc(0.62, 0.57, 0.07, tones.light)
