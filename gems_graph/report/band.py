"""A band of the strip: rounds side by side, with the criteria at their left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from gems_graph.images import Store
from gems_graph.report.outcome import Column, Summary
from gems_graph.report.shapes import (
    ACCENT,
    CAUTION,
    CAUTION_TINT,
    INK,
    LINE,
    MUTED,
    PAPER,
    TINT,
    YES,
    chip,
    fitted,
    panel,
)
from gems_graph.report.text import Style, measure, wrap, write

MARGIN = 32  # around the strip
_LEFT, _GAP = 208, 14  # width of the criteria; between columns
_TOP, _HEAD, _CHIP = 12, 30, 18  # above a column, its title, a verdict
_SMALL = 12


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
        return self.px(MARGIN + _LEFT + _GAP + i * (self.side + 2 * self.pad + _GAP))

    @property
    def width(self) -> int:
        """Width of the strip."""
        return self.left(self.across) + self.px(MARGIN - _GAP)


@dataclass(frozen=True)
class Row:
    """One row of marks: a criterion, or (without `k`) the count of those not shown."""

    text: str
    k: int | None
    hidden: tuple[int, ...] = ()


class Band:
    """Up to `grid.across` columns, and where everything in them stands."""

    def __init__(self, grid: Grid, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        self.grid, self.columns = grid, columns
        self.small = grid.style(_SMALL, MUTED)
        self.prompts = [
            wrap(column.prompt, self.small, grid.px(grid.side), grid.prompt_lines)
            for column in columns
            if grid.prompt_lines
        ]
        style = grid.style(13)
        self.rows = [(row, wrap(row.text, style, grid.px(_LEFT), 2)) for row in rows]
        self.picture = grid.px(_TOP + _HEAD)
        self.prompt = self.picture + grid.px(grid.side + 10)
        deepest = max(map(len, self.prompts), default=0)
        y = self.prompt + deepest * self.small.leading + grid.px(8 if deepest else 0)
        self.tops = [y]
        for _, lines in self.rows:
            y += max(grid.px(_CHIP + 12), len(lines) * style.leading + grid.px(10))
            self.tops.append(y)
        self.end = y + grid.px(8)

    def draw(self, store: Store, summary: Summary | None = None) -> Image.Image:
        """Draw the columns, and at the left of the pictures the summary, if given."""
        grid = self.grid
        image = Image.new("RGB", (grid.width, self.end + grid.px(14)), PAPER)
        draw = ImageDraw.Draw(image)
        chosen = [(i, column.judged) for i, column in enumerate(self.columns) if column.chosen]
        for i, judged in chosen:
            self._panel(image, i, TINT if judged else CAUTION_TINT, fill=True)
        for number in range(len(self.rows)):
            self._row(image, draw, number)
        for i, judged in chosen:
            self._panel(image, i, ACCENT if judged else CAUTION, fill=False)
            self._label(image, i, *(("chosen", ACCENT) if judged else ("not verified", CAUTION)))
        for i, column in enumerate(self.columns):
            self._title(draw, i, column)
            square = fitted(store.open(column.image), grid.px(grid.side))
            image.paste(square, (grid.left(i) + grid.px(grid.pad), self.picture))
        for i, lines in enumerate(self.prompts):
            block(draw, grid.left(i) + grid.px(grid.pad), self.prompt, lines, self.small)
        if summary:
            self._summary(image, draw, summary)
        return image

    def _panel(self, image: Image.Image, i: int, colour: str, fill: bool) -> None:
        px, top = self.grid.px, self.grid.px(_TOP - 4)
        size = (px(self.grid.side + 2 * self.grid.pad), self.end - top)
        shape = panel(size, px(9), colour, px(2), colour if fill else None)
        image.paste(shape, (self.grid.left(i), top), shape)

    def _label(self, image: Image.Image, i: int, text: str, colour: str) -> None:
        """Set a label on the upper edge of a column's panel."""
        px, style = self.grid.px, self.grid.style(10, "white", True)
        size = (round(measure(text, style)) + px(16), px(16))
        shape = panel(size, px(8), colour, 1, colour)
        centre, top = self._centre(i), px(_TOP - 3) - px(8)
        image.paste(shape, (centre - size[0] // 2, top), shape)
        y = top + (size[1] - style.leading) / 2
        write(ImageDraw.Draw(image), centre, y, text, style, 0.5)

    def _centre(self, i: int) -> int:
        return self.grid.left(i) + self.grid.px(self.grid.pad + self.grid.side / 2)

    def _title(self, draw: ImageDraw.ImageDraw, i: int, column: Column) -> None:
        grid = self.grid
        size = 14 if grid.side > 200 else 11
        x = grid.left(i) + grid.px(grid.pad)
        title = grid.style(size, INK, True)
        y = grid.px(_TOP + _HEAD / 2) - title.leading / 2
        write(draw, x, y, f"Round {column.n}", title)
        ink = YES if column.perfect else INK
        if column.judged:
            write(draw, x + grid.px(grid.side), y, column.score, grid.style(size, ink, True), 1)
        elif not column.chosen:
            label = grid.style(size - 2, MUTED)
            y += (title.leading - label.leading) / 2
            write(draw, x + grid.px(grid.side), y, "not verified", label, 1)

    def _row(self, image: Image.Image, draw: ImageDraw.ImageDraw, number: int) -> None:
        grid, (row, lines) = self.grid, self.rows[number]
        top, middle = self.tops[number], (self.tops[number] + self.tops[number + 1]) // 2
        style = grid.style(13, INK if row.k is not None else MUTED)
        x, end = grid.px(MARGIN), grid.left(len(self.columns)) - grid.px(_GAP)
        draw.line((x, top, end, top), LINE, grid.scale)
        block(draw, x, middle - len(lines) * style.leading // 2, lines, style)
        for i, column in enumerate(self.columns):
            centre = self._centre(i)
            if row.k is None:
                y = middle - self.small.leading / 2
                write(draw, centre, y, column.part(row.hidden), self.small, 0.5)
            elif answer := column.answer(row.k):
                mark = chip(answer, grid.px(_CHIP))
                image.paste(mark, (centre - mark.width // 2, middle - mark.height // 2), mark)

    def _summary(self, image: Image.Image, draw: ImageDraw.ImageDraw, summary: Summary) -> None:
        grid, x, y = self.grid, self.grid.px(MARGIN), self.picture
        if summary.score:
            figure = grid.style(40, YES if summary.success else INK, True)
            write(draw, x - grid.px(1), y - figure.leading // 6, summary.score, figure)
            y += round(figure.leading * 0.8)
        else:
            mark = chip("unsure", grid.px(34))
            image.paste(mark, (x, y), mark)
            y += mark.height + grid.px(10)
        style = grid.style(15)
        lines = wrap(summary.words, style, grid.px(_LEFT), 7 if grid.prompt_lines else 3)
        block(draw, x, y, lines, style)
        y += len(lines) * style.leading + grid.px(8)
        if summary.skills and grid.prompt_lines:
            block(draw, x, y, wrap(summary.skills, self.small, grid.px(_LEFT), 2), self.small)


def block(draw: ImageDraw.ImageDraw, x: int, y: int, lines: Sequence[str], style: Style) -> None:
    """Draw lines below each other."""
    for i, line in enumerate(lines):
        write(draw, x, y + i * style.leading, line, style)
