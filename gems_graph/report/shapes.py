"""The shapes of the strip: verdict chips, rounded panels, pictures fitted into boxes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

PAPER, INK, MUTED, LINE = "#fcfcfb", "#1f2430", "#6a7180", "#e5e7ea"
ACCENT, TINT, WELL = "#2f5da8", "#f0f4fb", "#f1f2f3"
CAUTION, CAUTION_TINT = "#b0740a", "#fcf6e9"
YES, NO, UNSURE = "#2b8a57", "#c8473c", "#c98512"

_FINE = 8  # shapes are drawn this much larger, then reduced: Pillow's own edges are jagged
_RESAMPLE = Image.Resampling


@lru_cache(maxsize=32)
def chip(answer: str, side: int) -> Image.Image:
    """Return the mark of a verdict: check in a disc, cross in a square, `?` in a diamond."""
    n = side * _FINE
    image = Image.new("RGBA", (n, n))
    draw = ImageDraw.Draw(image)
    if answer == "yes":
        draw.ellipse((0, 0, n - 1, n - 1), fill=YES)
        _stroke(draw, n, [(0.28, 0.52), (0.44, 0.68), (0.73, 0.35)])
    elif answer == "no":
        draw.rounded_rectangle((n * 0.03, n * 0.03, n * 0.97, n * 0.97), n * 0.2, fill=NO)
        _stroke(draw, n, [(0.31, 0.31), (0.69, 0.69)])
        _stroke(draw, n, [(0.69, 0.31), (0.31, 0.69)])
    else:
        draw.polygon(
            [(n / 2, -n * 0.04), (n * 1.04, n / 2), (n / 2, n * 1.04), (-n * 0.04, n / 2)], UNSURE
        )
        _question(draw, n)
    return image.resize((side, side), _RESAMPLE.LANCZOS)


def panel(
    size: tuple[int, int], radius: int, edge: str, line: int, fill: str | None = None
) -> Image.Image:
    """Return a rounded rectangle with smooth corners; `line` is the width of its edge."""
    (width, height), fine = size, 2
    image = Image.new("RGBA", (width * fine, height * fine), edge)
    image.putalpha(0)
    box = (0, 0, width * fine - 1, height * fine - 1)
    ImageDraw.Draw(image).rounded_rectangle(box, radius * fine, fill, edge, line * fine)
    return image.resize((width, height), _RESAMPLE.BOX)


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """Return a square with the whole picture in its middle; small ones keep hard edges."""
    picture = _plain(picture)
    longest = max(picture.size)
    if longest > side:
        size = [max(1, round(length * side / longest)) for length in picture.size]
        picture = picture.resize((size[0], size[1]), _RESAMPLE.LANCZOS)
    elif side // longest > 1:
        times = side // longest
        picture = picture.resize((picture.width * times, picture.height * times), _RESAMPLE.NEAREST)
    square = Image.new("RGB", (side, side), WELL)
    corner = ((side - picture.width) // 2, (side - picture.height) // 2)
    square.paste(picture, corner)
    ImageDraw.Draw(square).rectangle((0, 0, side - 1, side - 1), outline=LINE)
    return square


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB, on white where it is transparent."""
    if picture.mode.startswith("I"):  # 16 bits a pixel: Pillow would clip instead of scaling
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _stroke(draw: ImageDraw.ImageDraw, n: int, points: list[tuple[float, float]]) -> None:
    """Draw a white line with round ends through points given as fractions of the side."""
    path, half = [(x * n, y * n) for x, y in points], n * 0.055
    draw.line(path, "white", round(half * 2), joint="curve")
    for x, y in (path[0], path[-1]):
        draw.ellipse((x - half, y - half, x + half, y + half), "white")


def _question(draw: ImageDraw.ImageDraw, n: int) -> None:
    turn = np.radians(np.arange(-170, 91, 10))
    bow = [(0.5 + 0.125 * float(np.cos(t)), 0.375 + 0.125 * float(np.sin(t))) for t in turn]
    _stroke(draw, n, [*bow, (0.5, 0.58)])
    half = n * 0.062
    draw.ellipse((n * 0.5 - half, n * 0.72 - half, n * 0.5 + half, n * 0.72 + half), "white")
