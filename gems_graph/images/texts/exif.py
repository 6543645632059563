"""EXIF that carries our texts: `ImageDescription` in ASCII, `UserComment` in UTF-16."""

from __future__ import annotations

import warnings
from typing import NamedTuple

from PIL import ExifTags, Image

from gems_graph.images.texts.broken import LONGEST, BrokenError

_UNICODE = b"UNICODE\0"
_DESCRIPTION, _COMMENT = ExifTags.Base.ImageDescription, ExifTags.Base.UserComment


class Exif(NamedTuple):
    """The two texts: a description in ASCII, a comment in any script."""

    description: str
    comment: str


def packed(texts: Exif, software: str) -> bytes:
    """Return EXIF as TIFF, without the header that JPEG puts before it."""
    exif = Image.Exif()
    exif[_DESCRIPTION], exif[ExifTags.Base.Software] = texts.description, software
    text = texts.comment.encode("utf-16-be", "replace")  # as A1111 does, whatever TIFF's order
    exif.get_ifd(ExifTags.IFD.Exif)[_COMMENT] = _UNICODE + text
    return exif.tobytes().removeprefix(b"Exif\0\0")


def unpacked(tiff: bytes) -> Exif:
    """Return the two texts of EXIF; what is not there is empty.

    Raises:
        BrokenError: it is damaged, or too long.
    """
    if len(tiff) > LONGEST:
        msg = f"its EXIF has over {LONGEST:,} bytes"
        raise BrokenError(msg)
    exif = Image.Exif()
    try:
        with warnings.catch_warnings(action="error"):
            exif.load(b"Exif\0\0" + tiff)
            comment = exif.get_ifd(ExifTags.IFD.Exif).get(_COMMENT, b"")
            return Exif(_text(exif.get(_DESCRIPTION, "")), _comment(comment))
    except Exception as error:  # Pillow also raises SyntaxError, struct.error, KeyError, ...
        msg = "its EXIF is damaged"
        raise BrokenError(msg) from error


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _comment(value: object) -> str:
    if not isinstance(value, bytes):
        return _text(value)
    if value.startswith(_UNICODE):
        return value.removeprefix(_UNICODE).decode("utf-16-be", "replace")
    return value.removeprefix(b"ASCII\0\0\0").decode("latin-1")
