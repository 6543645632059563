"""Pictures as everybody after them takes them: 8 bit, upright, nothing hidden, no ink colours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from PIL import Image, ImageOps, PngImagePlugin

_PLAIN, _WITH_ALPHA = {"RGB", "L", "P", "1"}, {"RGBA", "LA", "PA", "RGBa", "La"}
_ORIENTATION = 0x0112  # of EXIF; 1 is upright


def normal(image: Image.Image) -> Image.Image:
    """Return a picture itself if it is fine; else upright, 8 bit, on white, as RGB.

    Grey of 16 bit is scaled, not clipped. What shines through becomes white, as on a page, so that
    no colour behind a mask is judged; of a moving picture the first frame counts.

    Args:
        image: just opened; it is decoded unless its header says that it is fine.
    """
    deep = any("16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    moving = getattr(image, "n_frames", 1) > 1
    clear = image.mode in _WITH_ALPHA or "transparency" in image.info
    if not (deep or moving or _is_turned(image)):
        if image.mode in _PLAIN and not clear:
            return image
        if image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema()[0] == 255:
            return image
    with suppress(Exception):  # EXIF that nobody can read turns nothing
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        return _scaled(image).convert("RGB")
    return _on_white(image) if clear else image.convert("RGB")


def as_png(
    image: Image.Image, *, fast: bool = False, texts: Mapping[str, str] | None = None
) -> bytes:
    """Return a picture as PNG bytes.

    Args:
        image: decoded.
        fast: in a fifth of the time, if not quite as small.
        texts: to be kept in it, by keyword; such as `texts_of` another.
    """
    how: dict[str, Any] = {"compress_level": 1, "compress_type": 3} if fast else {}
    if texts:
        how["pnginfo"] = PngImagePlugin.PngInfo()
        for keyword, text in texts.items():
            how["pnginfo"].add_itxt(keyword, text, zip=True)
    out = io.BytesIO()
    image.save(out, "PNG", **how)
    return out.getvalue()


def texts_of(image: Image.Image) -> dict[str, str]:
    """Return what is written into a PNG by keyword, as the drawing that it was made from is."""
    return dict(image.text) if isinstance(image, PngImagePlugin.PngImageFile) else {}


def _scaled(image: Image.Image) -> Image.Image:
    """Return grey of 16 bit as grey of 8."""
    import numpy as np  # late: no command waits for it

    levels = np.asarray(image).astype(np.int64).clip(0, 65_535) // 257
    return Image.fromarray(levels.astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    whole = image.convert("RGBA")
    page = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(page, whole).convert("RGB")


def _is_turned(image: Image.Image) -> bool:
    """Tell whether EXIF turns a picture; of a PNG only what stands before its pixels is read."""
    if image.format == "PNG" and "exif" not in image.info:
        return False
    with suppress(Exception):
        return image.getexif().get(_ORIENTATION, 1) not in (0, 1)
    return False
