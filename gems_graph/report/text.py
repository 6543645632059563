"""Text on a picture: line breaks, width, ink, each character in a font that has it.

What no font has is spelled out as `[U+1F600]`: an empty box would hide what is missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw, ImageFont, features

from gems_graph.report.fonts import Face, chosen_font, face_for, plain_face

Runs = tuple[tuple[ImageFont.FreeTypeFont, str], ...]

_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
_JOINERS = "\u200c\u200d"
_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_OPEN, _CLOSE = r"“‘(（《「『【\[", r"”’)，。、！？；：）》」』】\]…%,.;:!?"
_TOKEN = re.compile(rf"\s*(?:[{_OPEN}]*[{_CJK}][{_CLOSE}]*|[^\s{_CJK}]+[{_CLOSE}]*)")


@dataclass(frozen=True)
class Style:
    """How text looks: size in pixels, colour, weight."""

    size: int
    ink: str
    bold: bool = False

    @property
    def leading(self) -> int:
        """Height of one line."""
        return round(self.size * 1.45)


def wrap(text: str, style: Style, width: int, lines: int) -> list[str]:
    """Break text into at most so many lines, with an ellipsis where it is cut."""
    limit = lines * width * 5 // style.size + 1  # no letters are narrower; spares measuring
    flat = " ".join(text.split())
    rows, row_width, complete = [""], 0.0, len(flat) <= limit
    for token in _tokens(_UNSEEN.sub("", flat[:limit]), style, width):
        token_width = _advance(rows[-1][-1:], token, style)
        if row_width and row_width + token_width > width:
            if len(rows) == lines:
                complete = False
                break
            rows.append("")
            token = token.lstrip()
            row_width, token_width = 0.0, measure(token, style)
        rows[-1] += token
        row_width += token_width
    return rows if complete else [*rows[:-1], _ellipsis(rows[-1], style, width)]


def measure(text: str, style: Style) -> float:
    """Return how wide one line of text is."""
    return sum(font.getlength(part) for font, part in _runs(text, style))


def write(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, style: Style, align: float = 0
) -> None:
    """Draw one line in a line box below `y`; `align` 0 puts it right of `x`, 1 left of it."""
    x -= align * measure(text, style)
    base = y + round(style.leading / 2 + style.size * 0.357)  # capitals stand in the middle
    for font, part in _runs(text, style):
        draw.text((x, base), part, fill=style.ink, font=font, anchor="ls")
        x += font.getlength(part)


def _runs(text: str, style: Style) -> Runs:
    return _shaped(text, style.size, style.bold, chosen_font())


@lru_cache(maxsize=1 << 12)
def _shaped(text: str, size: int, bold: bool, chosen: str) -> Runs:
    plain = plain_face().at(round(size * 0.72))
    runs = [
        (face.at(size), part) if face else (plain, "".join(f"[U+{ord(c):04X}]" for c in part))
        for face, part in _split(text, bold)
    ]
    # layout orders the words of one right-to-left run; several need their order turned
    ways = (unicodedata.bidirectional(char) for char in text)
    first = next((way for way in ways if way in ("L", "R", "AL")), "L")
    return tuple(runs if first == "L" else reversed(runs))


def _split(text: str, bold: bool) -> list[tuple[Face | None, str]]:
    """Cut text where the font changes; marks and punctuation stay in the font before them."""
    runs: list[tuple[Face | None, str]] = []
    for char in text:
        last = runs[-1][0] if runs else None
        if char in _JOINERS:
            if last and features.check("raqm"):  # no other layout knows that they are invisible
                runs[-1] = (last, runs[-1][1] + char)
            continue
        stays = last is not None and not char.isalnum() and last.covers(char)
        face = last if stays else face_for(char, bold)
        if runs and face is last:
            runs[-1] = (face, runs[-1][1] + char)
        else:
            runs.append((face, char))
    return runs


def _advance(before: str, token: str, style: Style) -> float:
    """Return how much wider a line gets; punctuation takes its font from what stands before."""
    return measure(before + token, style) - measure(before, style)


def _tokens(text: str, style: Style, width: int) -> Iterator[str]:
    """Yield what must not be broken: words, ideographs with their punctuation."""
    for token in _TOKEN.findall(text):
        yield from (token,) if measure(token, style) <= width else token


def _ellipsis(row: str, style: Style, width: int) -> str:
    while row and measure(row + "…", style) > width:
        row = row[:-1]
    return row.rstrip() + "…"
