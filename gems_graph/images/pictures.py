"""Decode pictures from untrusted bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.images.normal import normal
from gems_graph.settings.redaction import shortened

MAX_PIXELS = 64_000_000  # against decompression bombs; 8000 x 8000
_LARGE = 50_000  # bytes; a smaller picture is decoded sooner than a thread is started
_LOOKED_AT = 64_000  # bytes of what is no picture; a page of an error
_TOO_LARGE = f"The picture has over {MAX_PIXELS:,} pixels; draw a smaller one."
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class NoPictureError(GeneratorError):
    """What a generator sent is no picture, not a whole one, or too large."""


def opened(data: bytes) -> Image.Image:
    """Return a picture of which only the header was read; a large one costs nothing yet.

    Raises:
        NoPictureError: it is no PNG, JPEG or WebP, or has more than `MAX_PIXELS`.
    """
    with _as_no_picture(data):
        image = Image.open(io.BytesIO(data), formats=list(_MEDIA))
    if image.width * image.height > MAX_PIXELS:
        raise NoPictureError(_TOO_LARGE)
    if image.format not in _MEDIA:  # an MPO opens as a JPEG
        msg = f"The generator sent {image.format}; send PNG, JPEG or WebP."
        raise NoPictureError(msg)
    return image


def decode(image: Image.Image, data: bytes) -> Image.Image:
    """Decode every pixel of what `opened` returned for the data, and return it.

    Raises:
        NoPictureError: it is not whole.
    """
    with _as_no_picture(data):
        image.load()
    return image


def normalised(image: Image.Image, data: bytes) -> Image.Image:
    """Return what `opened` returned for the data if it is fine for all readers, else one that is.

    Raises:
        NoPictureError: it is not whole.
    """
    with _as_no_picture(data):
        return normal(image)


@contextmanager
def decoding(image: Image.Image, data: bytes) -> Iterator[Callable[[], Image.Image]]:
    """Decode, a large picture while the caller hashes it and flushes it to disk.

    Yields:
        Waits for the end and returns the picture; raises `NoPictureError` if it is not whole.
    """
    if len(data) < _LARGE:
        decode(image, data)
        yield lambda: image
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(decode, image, data).result


def media_type(image: Image.Image) -> str:
    """Return the media type of an opened picture."""
    return _MEDIA[str(image.format)]


@contextmanager
def _as_no_picture(data: bytes) -> Iterator[None]:
    """Turn whatever Pillow raises into a `NoPictureError`."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise NoPictureError(_TOO_LARGE) from error
    except Exception as error:  # its readers also raise ValueError, struct.error, EOFError, ...
        start = shortened(data[:_LOOKED_AT].decode("utf-8", "replace"), 80)
        msg = (
            f"The generator's answer is not a picture in PNG, JPEG or WebP, or not a whole one "
            f"({len(data)} bytes, beginning {start!r})."
        )
        raise NoPictureError(msg) from error
