"""The rows of the strip: a criterion, its mark in each round, and why it fails there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from gems_graph.report.grid import GAP, LEFT, MARGIN, Grid, block
from gems_graph.report.outcome import Column
from gems_graph.report.shapes import INK, LINE, MUTED, chip
from gems_graph.report.text import Style, wrap, write

_CHIP, _BESIDE = 18, 8  # a mark; between it and the reason
_QUESTION, _REASON = 13, 12  # sizes of text
_QUESTION_LINES, _REASON_LINES = 24, 3


@dataclass(frozen=True)
class Criterion:
    """What a row stands for: a criterion, or (without `k`) the count of those not shown."""

    text: str
    k: int | None
    hidden: tuple[int, ...] = ()


class Row:
    """A row, and how high it is.

    Attributes:
        lines: the criterion, broken into lines.
        reasons: by column, the lines that say why it fails there.
        height: in pixels.

    Args:
        criterion: what it stands for.
        columns: the rounds of its band.
        grid: the measures.
    """

    def __init__(self, criterion: Criterion, columns: Sequence[Column], grid: Grid) -> None:
        self._criterion, self._columns, self._grid = criterion, columns, grid
        self._style = grid.style(_QUESTION, INK if criterion.k is not None else MUTED)
        self._small = grid.style(_REASON, MUTED)
        self.lines = wrap(criterion.text, self._style, grid.px(LEFT), _QUESTION_LINES)
        self.reasons = [self._reason(column) for column in columns]
        tallest = max(map(len, self.reasons), default=0) * self._small.leading
        self.height = max(
            grid.px(_CHIP + 12), max(len(self.lines) * self._style.leading, tallest) + grid.px(10)
        )

    def draw(self, image: Image.Image, draw: ImageDraw.ImageDraw, top: int) -> None:
        """Draw the row, with a line above it."""
        grid, middle = self._grid, top + self.height // 2
        x, end = grid.px(MARGIN), grid.left(len(self._columns)) - grid.px(GAP)
        draw.line((x, top, end, top), LINE, grid.scale)
        _block(draw, x, middle, self.lines, self._style)
        for i, column in enumerate(self._columns):
            x = grid.left(i) + grid.px(grid.pad)
            if self._criterion.k is None:
                part = column.part(self._criterion.hidden)
                write(draw, x, middle - self._small.leading / 2, part, self._small)
            elif answer := column.answer(self._criterion.k):
                mark = chip(answer, grid.px(_CHIP))
                image.paste(mark, (x, middle - mark.height // 2), mark)
                x += mark.width + grid.px(_BESIDE)
                _block(draw, x, middle, self.reasons[i], self._small)

    def _reason(self, column: Column) -> list[str]:
        """Return the lines that say why a criterion fails, where there is room for them."""
        if self._criterion.k is None or not self._grid.prompt_lines:
            return []
        width = self._grid.px(self._grid.side - _CHIP - _BESIDE)
        reason = column.reason(self._criterion.k)
        return wrap(reason, self._small, width, _REASON_LINES) if reason else []


def _block(
    draw: ImageDraw.ImageDraw, x: int, middle: int, lines: Sequence[str], style: Style
) -> None:
    """Draw lines below each other, around a height."""
    block(draw, x, middle - len(lines) * style.leading // 2, lines, style)
