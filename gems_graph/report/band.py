"""A band of the strip: rounds side by side, with the criteria at their left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from PIL import Image, ImageDraw

from gems_graph.images import Store
from gems_graph.report.aside import draw_aside
from gems_graph.report.grid import Grid, block
from gems_graph.report.outcome import Column, Summary
from gems_graph.report.rows import Criterion, Row
from gems_graph.report.shapes import (
    ACCENT,
    CAUTION,
    CAUTION_TINT,
    INK,
    MUTED,
    PAPER,
    TINT,
    YES,
    fitted,
    panel,
)
from gems_graph.report.text import measure, wrap, write

_TOP, _HEAD = 12, 30  # above a column; its title
_SMALL = 12


class Band:
    """Up to `grid.across` columns, and where everything in them stands."""

    def __init__(
        self, grid: Grid, columns: Sequence[Column], criteria: Sequence[Criterion]
    ) -> None:
        self.grid, self.columns = grid, columns
        self.small = grid.style(_SMALL, MUTED)
        self.prompts = [
            wrap(column.prompt, self.small, grid.px(grid.side), grid.prompt_lines)
            for column in columns
            if grid.prompt_lines
        ]
        self.rows = [Row(criterion, columns, grid) for criterion in criteria]
        self.picture = grid.px(_TOP + _HEAD)
        self.prompt = self.picture + grid.px(grid.side + 10)
        deepest = max(map(len, self.prompts), default=0)
        y = self.prompt + deepest * self.small.leading + grid.px(8 if deepest else 0)
        self.tops = [*accumulate((row.height for row in self.rows), initial=y)]
        self.end = self.tops[-1] + grid.px(8)

    def draw(self, store: Store, summary: Summary | None = None) -> Image.Image:
        """Draw the columns, and at the left of the pictures the summary, if given."""
        grid = self.grid
        image = Image.new("RGB", (grid.width, self.end + grid.px(14)), PAPER)
        draw = ImageDraw.Draw(image)
        chosen = [(i, column.judged) for i, column in enumerate(self.columns) if column.chosen]
        for i, judged in chosen:
            self._panel(image, i, TINT if judged else CAUTION_TINT, fill=True)
        for row, top in zip(self.rows, self.tops, strict=False):
            row.draw(image, draw, top)
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
            draw_aside(image, grid, summary, self.picture, self.tops[0])
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
        label = grid.style(size - 2, MUTED)
        lower = y + (title.leading - label.leading) / 2
        if column.of > 1 and grid.prompt_lines:
            behind = x + measure(f"Round {column.n}", title) + grid.px(6)
            write(draw, behind, lower, f"best of {column.of}", label)
        ink = YES if column.perfect else INK
        if column.judged:
            write(draw, x + grid.px(grid.side), y, column.score, grid.style(size, ink, True), 1)
        elif not column.chosen:
            write(draw, x + grid.px(grid.side), lower, "not verified", label, 1)
