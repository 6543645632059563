"""Pictures of generators as encoded bytes."""

from __future__ import annotations

import io
from typing import Any, Literal

from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.images.normal import as_png, normal

Form = Literal["webp", "png"]
_SIDE = 16_383  # pixels; no side of a WebP is longer


def encode(picture: Any, form: Form = "webp") -> bytes:
    """Return a generator's picture as encoded bytes; what is encoded already stays as it is.

    It loses nothing. A picture of 1024 x 1024 takes 0.1 s as WebP, twice that as PNG; so not on the
    event loop.

    Args:
        picture: encoded bytes, a PIL image, an array or tensor (height, width, channels) of 0..255
            or of 0.0..1.0, a pipeline's output, or a list with one of these.
        form: of what is not encoded yet; PNG where it is too large for WebP.

    Raises:
        GeneratorError: it is none of these.
    """
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, Image.Image):
        return _encoded(normal(picture), form)
    pictures = getattr(picture, "images", picture)  # of a pipeline's output
    if isinstance(pictures, list | tuple) and len(pictures) == 1:
        return encode(pictures[0], form)
    if hasattr(pictures, "__array__"):
        from gems_graph.generators.arrays import image_of  # late: it needs NumPy

        return _encoded(image_of(pictures), form)
    msg = (
        "A generator must return encoded bytes, a PIL image or an array of one picture, not "
        f"{type(picture).__name__}."
    )
    raise GeneratorError(msg)


def _encoded(image: Image.Image, form: Form) -> bytes:
    if form == "png" or max(image.size) > _SIDE:
        return as_png(image, fast=True)
    out = io.BytesIO()
    image.convert("RGB").save(out, "WEBP", lossless=True, quality=0, method=0)
    return out.getvalue()
