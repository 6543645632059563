"""The measures of the strip, and text set in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from gems_graph.report.shapes import INK
from gems_graph.report.text import Style, write

MARGIN = 32  # around the strip
LEFT, GAP = 236, 14  # width of the criteria; between columns


@dataclass(frozen=True)
class Grid:
    """The measures of a strip; lengths in units of `scale` pixels."""

    scale: int
    side: int  # of a picture
    pad: int  # between a picture and the edge of its column
    across: int  # columns side by side
    prompt_lines: int
    most_rows: int  # of criteria

    def px(self, units: float) -> int:
        """Return a length in pixels."""
        return round(units * self.scale)

    def style(self, size: int, ink: str = INK, bold: bool = False) -> Style:
        """Return a style of text, its size given in units."""
        return Style(self.px(size), ink, bold)

    def left(self, i: int) -> int:
        """Return where column `i` begins."""
        return self.px(MARGIN + LEFT + GAP + i * (self.side + 2 * self.pad + GAP))

    @property
    def width(self) -> int:
        """Width of the strip."""
        return self.left(self.across) + self.px(MARGIN - GAP)


def block(draw: ImageDraw.ImageDraw, x: int, y: int, lines: Sequence[str], style: Style) -> None:
    """Draw lines below each other."""
    for i, line in enumerate(lines):
        write(draw, x, y + i * style.leading, line, style)
