"""What a picture file carries: a text that many viewers read, and our own JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from gems_graph.images.texts import exif, jpeg, png, webp
from gems_graph.images.texts.broken import BrokenError

KEYWORD, PARAMETERS, DRAWING = "gems", "parameters", "SVG"
MOST = 20_000
"""Bytes that a picture carries at most, the drawing it was made of aside."""
_PREFIX = f"{KEYWORD}:"


class Carried(NamedTuple):
    """What is written into a picture.

    Attributes:
        facts: our own, plain JSON; empty: it has none.
        parameters: prompt and values in the form of A1111; empty: there are none.
    """

    facts: Mapping[str, Any]
    parameters: str


NOTHING = Carried({}, "")


def weight(carried: Carried, data: bytes) -> int:
    """Return how many bytes it takes in a picture of this kind."""
    plain = png.is_png(data)
    text = carried.parameters.encode("utf-8" if plain else "utf-16-be", "replace")
    return len(text) + len(_json(carried.facts, ascii_only=not plain)) + 100  # tags and offsets


def carrying(data: bytes, carried: Carried, software: str, *, drawing: bool = False) -> bytes:
    """Return a picture (PNG, JPEG, WebP) that carries this and nothing from elsewhere.

    Pixels and colour profile stay byte for byte; all else that a generator or its host wrote into
    the file is left out.

    Args:
        data: of a whole still picture.
        carried: `NOTHING` for a bare picture.
        software: that wrote it.
        drawing: keep the SVG that a PNG was rendered from.

    Raises:
        BrokenError: it is no such picture, or not whole.
    """
    if png.is_png(data):
        texts = {PARAMETERS: carried.parameters} if carried.parameters else {}
        if carried.facts:
            texts[KEYWORD] = _json(carried.facts, ascii_only=False).decode()
        return png.with_texts(data, texts, [DRAWING] if drawing else [])
    tiff = b""
    if carried != NOTHING:
        description = _PREFIX + _json(carried.facts, ascii_only=True).decode()
        tiff = exif.packed(exif.Exif(description, carried.parameters), software)
    return _with_exif(data, tiff)


def carried_in(data: bytes) -> Carried:
    """Return what a picture carries; no pixel is decoded, and nothing unpacked beyond a bound.

    Raises:
        BrokenError: it is no PNG, JPEG or WebP, or its texts cannot be read.
    """
    if png.is_png(data):
        texts = png.texts_in(data, (KEYWORD, PARAMETERS))
        return Carried(_facts(texts.get(KEYWORD, "")), texts.get(PARAMETERS, ""))
    description, comment = exif.unpacked(tiff) if (tiff := _exif_in(data)) else ("", "")
    own = description.removeprefix(_PREFIX) if description.startswith(_PREFIX) else ""
    return Carried(_facts(own), comment)


def _json(facts: Mapping[str, Any], *, ascii_only: bool) -> bytes:
    return json.dumps(facts, ensure_ascii=ascii_only, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def _facts(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        msg = "what it says of itself is no JSON"
        raise BrokenError(msg) from error
    if not isinstance(facts, dict):
        msg = "what it says of itself is no JSON object"
        raise BrokenError(msg)
    return facts


def _with_exif(data: bytes, tiff: bytes) -> bytes:
    if jpeg.is_jpeg(data):
        return jpeg.with_exif(data, tiff)
    _check_webp(data)
    return webp.with_exif(data, tiff)


def _exif_in(data: bytes) -> bytes:
    if jpeg.is_jpeg(data):
        return jpeg.exif_in(data)
    _check_webp(data)
    return webp.exif_in(data)


def _check_webp(data: bytes) -> None:
    if not webp.is_webp(data):
        msg = "it is no PNG, JPEG or WebP"
        raise BrokenError(msg)
