"""Pictures inside JSON: as base64, alone or as a `data:` address."""

from __future__ import annotations

import base64
import binascii

from gems_graph.calls.retry import GarbledError


def encoded(picture: bytes) -> str:
    """Return an encoded picture as base64."""
    return base64.b64encode(picture).decode()


def data_url(picture: bytes) -> str:
    """Return an encoded picture as a `data:` address."""
    return f"data:{media_type_of(picture)};base64,{encoded(picture)}"


def media_type_of(picture: bytes) -> str:
    """Return the media type of an encoded picture, by its first bytes; PNG where they tell none."""
    if picture.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if picture[8:12] == b"WEBP" else "image/png"


def decoded(text: str) -> bytes:
    """Return a picture that is given as base64.

    Raises:
        GarbledError: it is cut, empty, or no base64.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = "the picture in the answer is no base64, or cut"
        raise GarbledError(msg) from error
    if not data:
        msg = "the picture in the answer is empty"
        raise GarbledError(msg)
    return data
