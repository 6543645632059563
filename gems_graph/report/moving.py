"""`rounds.gif`, `rounds.webp`: a trajectory as a moving picture, a round a frame, to be shared."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from gems_graph.errors import StoreError, UsageError
from gems_graph.images import Store
from gems_graph.report.grid import block
from gems_graph.report.outcome import Column, columns_of
from gems_graph.report.shapes import ACCENT, INK, MUTED, PAPER, YES, chip, fitted
from gems_graph.report.text import Style, measure, wrap, write
from gems_graph.system.replacing import replace_file

_WIDTH, _MARGIN, _CHIP = 600, 24, 22  # pixels
_SIDE = _WIDTH - 2 * _MARGIN
_TITLE, _HEAD, _SMALL = Style(22, INK), Style(19, INK, True), Style(15, MUTED)
_TITLE_LINES, _SAID_LINES = 2, 4
_STEP, _LAST = 1800, 4000
"""Milliseconds that a round is shown, and the last one."""
MOST = 60
"""Rounds in it: of more, the first and those that did better than all before."""


def frames(state: Mapping[str, Any], store: Store) -> list[Image.Image]:
    """Draw a frame for each round: the picture, its score, a mark a criterion, what failed.

    Raises:
        UsageError: nothing was drawn yet.
        StoreError: a picture is missing or damaged.
    """
    columns = _chosen(columns_of(state))
    if not columns:
        msg = "This trajectory has no picture yet, so nothing can move."
        raise UsageError(msg)
    title = wrap(str(state.get("prompt", "")), _TITLE, _SIDE, _TITLE_LINES)
    questions = [criterion["question"] for criterion in state.get("criteria") or []]
    return [_frame(column, title, questions, store) for column in columns]


def write_moving(file: Path, state: Mapping[str, Any], store: Store) -> Path:
    """Write the rounds as a moving picture, a GIF or a WebP by the name of the file; return it.

    Raises:
        UsageError: nothing was drawn yet.
        StoreError: a picture is missing, or the file cannot be written.
    """
    first, *others = frames(state, store)
    times = [*(_STEP for _ in others), _LAST]
    how: dict[str, Any] = {"save_all": True, "append_images": others, "duration": times, "loop": 0}
    out = io.BytesIO()
    if file.suffix.lower() == ".webp":
        first.save(out, "WEBP", quality=85, method=4, **how)
    else:
        first.save(out, "GIF", optimize=True, **how)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, out.getvalue())
    except OSError as error:
        msg = f"Cannot write to {file} ({error.strerror or error}); name another file."
        raise StoreError(msg) from error
    return file


def _chosen(columns: Sequence[Column]) -> Sequence[Column]:
    if len(columns) <= MOST:
        return columns
    best, kept = -1, list[Column]()
    for column in columns:
        held = column.answers.count("yes")
        if held > best or column.chosen:
            best, kept = max(best, held), [*kept, column]
    return kept[-MOST:]


def _frame(
    column: Column, title: Sequence[str], questions: Sequence[str], store: Store
) -> Image.Image:
    top = _MARGIN + len(title) * _TITLE.leading + 10
    below = top + _SIDE + 14
    height = below + _HEAD.leading + _CHIP + 16 + _SAID_LINES * _SMALL.leading + _MARGIN
    image = Image.new("RGB", (_WIDTH, height), PAPER)
    draw = ImageDraw.Draw(image)
    block(draw, _MARGIN, _MARGIN - 6, title, _TITLE)
    image.paste(fitted(store.open(column.image), _SIDE), (_MARGIN, top))
    write(draw, _MARGIN, below, f"Round {column.n}", _HEAD)
    if column.chosen:
        behind = _MARGIN + measure(f"Round {column.n}", _HEAD) + 12
        write(draw, behind, below + 3, "chosen", Style(15, ACCENT, True))
    score = column.score or "not verified"
    write(draw, _WIDTH - _MARGIN, below, score, Style(19, YES if column.perfect else INK, True), 1)
    _marks(image, column, below + _HEAD.leading + 4)
    said = _said(column, questions)
    block(draw, _MARGIN, below + _HEAD.leading + _CHIP + 14, said, _SMALL)
    return image


def _marks(image: Image.Image, column: Column, y: int) -> None:
    """Put a mark for each criterion beside the other, as many as fit."""
    for k, answer in enumerate(column.answers[: _SIDE // (_CHIP + 6)]):
        mark = chip(answer, _CHIP)
        image.paste(mark, (_MARGIN + k * (_CHIP + 6), y), mark)


def _said(column: Column, questions: Sequence[str]) -> list[str]:
    """Return the lines that say which criteria fail, and why."""
    failing = [
        f"{question} {column.reason(k)}"
        for k, question in enumerate(questions)
        if column.answer(k) not in ("", "yes")
    ]
    lines = [line for each in failing[:_SAID_LINES] for line in wrap(each, _SMALL, _SIDE, 2)]
    return lines[:_SAID_LINES]
