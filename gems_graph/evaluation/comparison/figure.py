"""The figure: share right against images a run, one point a strategy, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 400, 56, 48, 24, 150
_COLOURS = ("#c4572e", "#2f6f8f", "#5f8a3a", "#8a5fa8", "#b08a1e", "#3b3b3b", "#c0437a", "#4a8f86")
_TEXT = '<g font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
_AXIS, _GRID = (f'stroke="currentColor" opacity="{share}"' for share in (0.6, 0.15))
"""Attributes, as a page that allows no other style shows them."""


def figure(strategies: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the figure of a table's `strategies`, the same for the same numbers."""
    known = {name: line for name, line in strategies.items() if line["right"] is not None}
    most = max([1.0, *(line["images"] or 0 for line in known.values())]) * 1.15
    body = [*_axes(most)]
    for k, (name, line) in enumerate(known.items()):
        body += _point(name, line, most, _COLOURS[k % len(_COLOURS)], k)
    said = "Share of pictures that the judge finds right, against images drawn a run"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{said}">{_TEXT}{"".join(body)}</g></svg>\n'
    )


def _axes(most: float) -> list[str]:
    lines = [
        f'<line {_AXIS} x1="{_LEFT}" y1="{_y(0)}" x2="{_WIDTH - _RIGHT}" y2="{_y(0)}"/>',
        f'<line {_AXIS} x1="{_LEFT}" y1="{_y(0)}" x2="{_LEFT}" y2="{_y(1)}"/>',
        f'<text x="{_LEFT + (_WIDTH - _LEFT - _RIGHT) / 2:g}" y="{_HEIGHT - 10}" '
        'text-anchor="middle">images a run</text>',
        f'<text transform="translate(16 {_y(0.5)}) rotate(-90)" text-anchor="middle">right</text>',
    ]
    for fifth in range(6):
        y, share = _y(fifth / 5), f"{fifth * 20} %"
        lines.append(
            f'<line {_GRID} x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{share}</text>'
        )
    for images in range(int(most) + 1):
        x = _x(images, most)
        lines.append(f'<text x="{x}" y="{_y(0) + 18}" text-anchor="middle">{images}</text>')
    return lines


def _point(name: str, line: Mapping[str, Any], most: float, colour: str, k: int) -> list[str]:
    """Return a strategy's point with its interval, and its name at the right."""
    x, y = _x(line["images"] or 0, most) + 4 * (k % 5 - 2), _y(line["right"])
    low, high = line["right_95"] or (line["right"], line["right"])
    beside, row = _WIDTH - _RIGHT + 24, _TOP + 20 * k
    return [
        f'<line x1="{x}" y1="{_y(low)}" x2="{x}" y2="{_y(high)}" stroke="{colour}" '
        'stroke-width="2" opacity=".6"/>',
        f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>',
        f'<circle cx="{beside}" cy="{row}" r="5" fill="{colour}"/>',
        f'<text x="{beside + 12}" y="{row + 4}">{escape(name)}</text>',
    ]


def _x(images: float, most: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * images / most, 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share, 1)
