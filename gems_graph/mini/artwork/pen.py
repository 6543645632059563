"""A pen that draws flat shapes in a unit square, many times too large, to be shrunk smoothly."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from gems_graph.mini.world import COLORS, RGB

FINE = 12
"""Samples along each side of a final pixel."""
INK: RGB = (50, 45, 62)
CREAM: RGB = (255, 246, 214)
WHITE: RGB = (255, 255, 255)
Point = tuple[float, float]


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Go a share of the way from one colour to another."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Tones:
    """The paints of one icon; the first three all count as its colour."""

    main: RGB
    dark: RGB
    light: RGB
    face: RGB
    glow: RGB

    @classmethod
    def of(cls, color: str) -> Tones:
        """Mix the tones of a named colour."""
        main = COLORS[color]
        if color == "black":
            return cls(main, (22, 22, 28), (112, 112, 124), (250, 244, 225), (250, 226, 110))
        dark = mix(main, (40, 10, 30), 0.12 if color == "blue" else 0.24)
        return cls(main, dark, mix(main, WHITE, 0.38), INK, INK)


class Pen:
    """Draws on a transparent square of `side` final pixels; x goes right and y down, 0 to 1."""

    def __init__(self, side: int) -> None:
        self.side = side * FINE
        self.image = Image.new("RGBA", (self.side, self.side), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: list[Point], paint: RGB) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self.side, y * self.side) for x, y in points], fill=(*paint, 255))

    def ellipse(self, left: float, top: float, right: float, bottom: float, paint: RGB) -> None:
        """Fill an ellipse."""
        self._draw.ellipse(self._box(left, top, right, bottom), fill=(*paint, 255))

    def disc(self, x: float, y: float, radius: float, paint: RGB) -> None:
        """Fill a circle."""
        self.ellipse(x - radius, y - radius, x + radius, y + radius, paint)

    def box(
        self, left: float, top: float, right: float, bottom: float, paint: RGB, round_: float = 0
    ) -> None:
        """Fill a rectangle, its corners rounded."""
        area = self._box(left, top, right, bottom)
        self._draw.rounded_rectangle(area, round_ * self.side, fill=(*paint, 255))

    def pie(
        self, area: tuple[float, float, float, float], start: int, end: int, paint: RGB
    ) -> None:
        """Fill a slice of an ellipse, in degrees clockwise from three o'clock."""
        self._draw.pieslice(self._box(*area), start, end, fill=(*paint, 255))

    def arc(
        self,
        area: tuple[float, float, float, float],
        start: int,
        end: int,
        paint: RGB,
        width: float,
    ) -> None:
        """Draw a part of an ellipse's outline, in degrees clockwise from three o'clock."""
        thick = max(1, int(width * self.side))
        self._draw.arc(self._box(*area), start, end, fill=(*paint, 255), width=thick)

    def smile(self, x: float, y: float, apart: float, paint: RGB) -> None:
        """Draw two eyes and a mouth."""
        self.disc(x - apart, y, 0.055, paint)
        self.disc(x + apart, y, 0.055, paint)
        mouth = (x - apart * 0.6, y - 0.02, x + apart * 0.6, y + 0.14)
        self.arc(mouth, 20, 160, paint, 0.04)

    def _box(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        side = self.side
        return left * side, top * side, right * side, bottom * side
