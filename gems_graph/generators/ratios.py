"""From a ratio to pixels and back."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from gems_graph.errors import BadRequestError

_GRID = 16
"""Pixels that widths and heights are a multiple of: what latents of diffusion models take."""


def ratio_of(text: str) -> float:
    """Return width by height of a ratio such as "16:9".

    Raises:
        BadRequestError: it is none.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[:x/]\s*(\d+(?:\.\d+)?)\s*", text)
    width, height = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
    if not (width and height):
        msg = f"{text!r} is no ratio: write width and height, as in 16:9."
        raise BadRequestError(msg)
    return width / height


def size_of(text: str, pixels: int = 1024 * 1024) -> tuple[int, int]:
    """Return a size of about so many pixels in a ratio: (width, height), on a grid of 16."""
    ratio = ratio_of(text)
    width, height = math.sqrt(pixels * ratio), math.sqrt(pixels / ratio)
    return _on_grid(width), _on_grid(height)


def nearest(text: str, known: Sequence[str]) -> str:
    """Return the ratio among known ones that is the nearest to one; it itself if it is known."""
    if text in known:
        return text
    wanted = math.log(ratio_of(text))
    return min(known, key=lambda name: abs(math.log(ratio_of(name)) - wanted))


def _on_grid(length: float) -> int:
    return max(_GRID, round(length / _GRID) * _GRID)
