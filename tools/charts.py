"""Small charts as SVG, light and dark: lines with intervals, and rows of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 130, 40, 52
COLOURS = ("#c4553b", "#3b78b8", "#8a6fb5", "#3f8f5f")
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #3b3428 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #ddd5c2; stroke-width: 1 }
  .middle { text-anchor: middle } .end { text-anchor: end }
  @media (prefers-color-scheme: dark) { text { fill: #efe8d8 } .grid { stroke: #4a4438 } }
"""


class Point(NamedTuple):
    """A measured value: where it stands, its share from 0 to 1, and the interval of that."""

    x: float
    share: float
    low: float
    high: float


def lines(title: str, across: str, series: dict[str, Sequence[Point]], most: int = 5) -> str:
    """Draw the share right against a number from 1 to `most`, one line for each series."""

    def place(x: float, share: float) -> tuple[float, float]:
        wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + (x - 1) / (most - 1) * wide, TOP + (1 - share) * tall

    parts = [_text(LEFT, 22, title, "title"), *_levels(place(most, 0)[0], place)]
    ticks = range(1, most + 1)
    parts += [_text(place(x, 0)[0], HEIGHT - BOTTOM + 20, str(x), "middle") for x in ticks]
    parts.append(_text(place((1 + most) / 2, 0)[0], HEIGHT - 10, across, "middle"))
    ends = _apart([place(0, points[-1].share)[1] for points in series.values()])
    for (name, points), colour, end in zip(series.items(), COLOURS, ends, strict=False):
        spots = [place(point.x, point.share) for point in points]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point, (x, y) in zip(points, spots, strict=True):
            low, high = place(point.x, point.low)[1], place(point.x, point.high)[1]
            parts.append(_line(x, low, x, high, f'stroke="{colour}" stroke-opacity=".5"'))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        parts.append(_text(WIDTH - RIGHT + 12, end + 4, name, "", colour))
    return _page(parts, HEIGHT)


def rows(title: str, values: dict[str, Point], wide: int = 190) -> str:
    """Draw one row for each value: a bar to its share, with its interval."""
    step, span = 30, WIDTH - wide - 90
    parts = [_text(12, 22, title, "title")]
    for number, (name, value) in enumerate(values.items()):
        y = TOP + 16 + number * step
        end = wide + value.share * span
        parts.append(_text(wide - 10, y + 5, name, "end"))
        parts.append(
            f'<rect x="{wide}" y="{y - 9}" width="{end - wide:.1f}" height="18" '
            f'fill="{COLOURS[1]}" fill-opacity=".45"/>'
        )
        ends = wide + value.low * span, y, wide + value.high * span, y
        parts.append(_line(*ends, f'stroke="{COLOURS[1]}" stroke-width="2"'))
        parts.append(_text(wide + span + 14, y + 5, f"{100 * value.share:.0f} %"))
    return _page(parts, TOP + 16 + len(values) * step)


def _levels(right: float, place: Callable[[float, float], tuple[float, float]]) -> list[str]:
    parts = []
    for percent in range(0, 101, 20):
        y = place(1, percent / 100)[1]
        parts.append(_line(LEFT, y, right, y, 'class="grid"'))
        parts.append(_text(LEFT - 10, y + 4, f"{percent} %", "end"))
    return parts


def _apart(heights: Sequence[float], least: float = 16) -> list[float]:
    """Return heights for labels, moved down until none covers another."""
    placed: dict[int, float] = {}
    last = float("-inf")
    for number in sorted(range(len(heights)), key=heights.__getitem__):
        last = placed[number] = max(heights[number], last + least)
    return [placed[number] for number in range(len(heights))]


def _line(x: float, y: float, x2: float, y2: float, look: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {look}/>'


def _text(x: float, y: float, said: str, kind: str = "", colour: str = "") -> str:
    look = f' class="{kind}"' if kind else ""
    look += f' style="fill: {colour}"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{look}>{escape(said)}</text>'


def _page(parts: Sequence[str], tall: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall:.0f}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>"]) + "\n"
