"""What stands at the left of the pictures: score, outcome, skills, lessons, what it took."""

from __future__ import annotations

from PIL import Image, ImageDraw

from gems_graph.report.grid import LEFT, MARGIN, Grid, block
from gems_graph.report.outcome import Summary
from gems_graph.report.shapes import INK, MUTED, YES, chip
from gems_graph.report.text import wrap

_SMALL = 12


def draw_aside(image: Image.Image, grid: Grid, summary: Summary, top: int, bottom: int) -> None:
    """Draw a summary at the left, as much of it as there is room for.

    Args:
        image: to draw on.
        grid: the measures.
        summary: of the run.
        top: upper edge of the pictures, in pixels.
        bottom: where the criteria begin.
    """
    draw, x, y = ImageDraw.Draw(image), grid.px(MARGIN), _score(image, grid, summary, top)
    style = grid.style(15)
    lines = wrap(summary.words, style, grid.px(LEFT), 7 if grid.prompt_lines else 3)
    block(draw, x, y, lines, style)
    y += len(lines) * style.leading
    for name, text in summary.facts if grid.prompt_lines else ():
        y = _fact(draw, grid, (name, text), (x, y, bottom))


def _score(image: Image.Image, grid: Grid, summary: Summary, y: int) -> int:
    """Draw the score, or a question mark where nobody judged; return where it ends."""
    draw, x = ImageDraw.Draw(image), grid.px(MARGIN)
    if not summary.score:
        mark = chip("unsure", grid.px(34))
        image.paste(mark, (x, y), mark)
        return y + mark.height + grid.px(10)
    figure = grid.style(40, YES if summary.success else INK, True)
    block(draw, x - grid.px(1), y - figure.leading // 6, [summary.score], figure)
    return y + round(figure.leading * 0.8)


def _fact(
    draw: ImageDraw.ImageDraw, grid: Grid, fact: tuple[str, str], place: tuple[int, int, int]
) -> int:
    """Draw a heading and its text, cut to what room there is; return where they end."""
    (name, text), (x, y, bottom) = fact, place
    head, small = grid.style(_SMALL, INK, True), grid.style(_SMALL, MUTED)
    y += grid.px(12)
    room = (bottom - y) // small.leading - 1
    if room < 1:
        return bottom
    lines = wrap(text, small, grid.px(LEFT), room)
    block(draw, x, y, [name], head)
    block(draw, x, y + head.leading, lines, small)
    return y + head.leading + len(lines) * small.leading
