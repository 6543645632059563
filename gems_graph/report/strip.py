"""`rounds.png`: a finished trajectory as one picture that can be read at a glance.

The user's prompt and the outcome, then a column for each round: the picture, its score, its
prompt, and below them one mark for each criterion, level across the rounds, with the Verifier's
reason where it fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from gems_graph.images import Store
from gems_graph.report.band import Band
from gems_graph.report.grid import MARGIN, Grid, block
from gems_graph.report.outcome import Column, columns_of, summary_of
from gems_graph.report.rows import Criterion
from gems_graph.report.saving import save_picture
from gems_graph.report.shapes import LINE, PAPER
from gems_graph.report.text import Style, wrap


def strip(state: Mapping[str, Any], store: Store) -> Image.Image:
    """Draw a trajectory: its prompt, its rounds with their verdicts, its outcome.

    Args:
        state: what the graph returned, or what an interrupted run left.
        store: holds the pictures.

    Raises:
        StoreError: a picture is missing or damaged.
        ConfigError: `GEMS_FONT` is no font.
    """
    columns = columns_of(state)
    grid = _grid(len(columns))
    rows = _rows(state, columns, grid.most_rows) if columns else []
    summary = summary_of(state)
    parts = [_header(str(state.get("prompt", "")), grid)]
    for i in range(0, max(1, len(columns)), grid.across):
        band = Band(grid, columns[i : i + grid.across], rows)
        parts.append(band.draw(store, None if i else summary))
    return _stack(parts, grid)


def write_strip(file: Path, state: Mapping[str, Any], store: Store) -> Path:
    """Write the strip as a PNG, and return its file.

    Raises:
        StoreError: a picture is missing, or the file cannot be written.
    """
    return save_picture(strip(state, store), file)


def _grid(count: int) -> Grid:
    """Choose the measures: fewer rounds are drawn larger, many in bands below each other."""
    if count <= 3:
        return Grid(2, 264, 10, max(1, count), 5, 24)
    if count <= 12:
        return Grid(2, 216, 10, _even(count, 6), 5, 24 if count <= 6 else 12)
    return Grid(1, 112, 6, _even(count, 12), 0, 12)


def _even(count: int, limit: int) -> int:
    """Return how many of `count` to put side by side, at most `limit`, in bands of like length."""
    bands = -(-count // limit)
    return -(-count // bands)


def _rows(state: Mapping[str, Any], columns: Sequence[Column], limit: int) -> list[Criterion]:
    """Choose the criteria to show: where there are too many, first those that ever failed."""
    questions = [criterion["question"] for criterion in state.get("criteria", [])]

    def always_passed(k: int) -> bool:
        return all(column.answer(k) == "yes" for column in columns)

    ranked = sorted(range(len(questions)), key=always_passed)
    rows = [Criterion(questions[k], k) for k in sorted(ranked[:limit])]
    hidden = tuple(ranked[limit:])
    return [*rows, Criterion(f"+ {len(hidden)} more", None, hidden)] if hidden else rows


def _header(prompt: str, grid: Grid) -> Image.Image:
    style = grid.style(22)
    lines = _balanced(prompt, style, grid.width - grid.px(2 * MARGIN))
    height = grid.px(MARGIN + 8) + len(lines) * style.leading
    image = Image.new("RGB", (grid.width, height), PAPER)
    block(ImageDraw.Draw(image), grid.px(MARGIN), grid.px(MARGIN - 6), lines, style)
    return image


def _balanced(prompt: str, style: Style, width: int) -> list[str]:
    """Break the title into lines of like length, and no more of them than it takes."""
    lines = wrap(prompt, style, width, 3)
    narrower = (wrap(prompt, style, width * share // 20, 4) for share in range(11, 20))
    return next((even for even in narrower if len(even) == len(lines) < 4), lines)


def _stack(parts: Sequence[Image.Image], grid: Grid) -> Image.Image:
    height = sum(part.height for part in parts) + grid.px(MARGIN - 14)
    canvas, y = Image.new("RGB", (grid.width, height), PAPER), 0
    for part in parts:
        canvas.paste(part, (0, y))
        y += part.height
    edge = (0, 0, canvas.width - 1, canvas.height - 1)
    ImageDraw.Draw(canvas).rectangle(edge, outline=LINE, width=grid.scale)
    return canvas
