"""EXIF in JPEG: its segment APP1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gems_graph.images.texts.broken import BrokenError

_START, _END, _SCAN, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_EXIF = b"Exif\0\0"
_COLOURS = {0xE0: b"JFIF", 0xE2: b"ICC_PROFILE", 0xEE: b"Adobe"}
"""Segments of applications that say how pixels look, and how they begin."""
_COMMENT = 0xFE
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""In the data of a scan: whatever is no stuffing, filling or restart."""


class Segment(NamedTuple):
    """A segment: its marker, its body, and all its bytes, those of a scan included."""

    marker: int
    body: bytes
    whole: bytes


def is_jpeg(data: bytes) -> bool:
    """Tell whether bytes begin as a JPEG."""
    return data.startswith(b"\xff\xd8\xff")


def with_exif(data: bytes, exif: bytes) -> bytes:
    """Return a JPEG with this EXIF (empty: none), and nothing else that says no pixel.

    Args:
        data: of a whole JPEG.
        exif: as TIFF, at most 65,000 bytes.
    """
    body = _EXIF + exif
    ours = b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body if exif else b""
    kept = b"".join(each.whole for each in _segments(data) if _is_of_pixels(each))
    return b"\xff\xd8" + ours + kept + b"\xff\xd9"


def exif_in(data: bytes) -> bytes:
    """Return the EXIF of a JPEG as TIFF; empty: there is none.

    Raises:
        BrokenError: it is cut before its pixels.
    """
    for segment in _segments(data):
        if segment.marker == _SCAN:
            break
        if segment.marker == _APP1 and segment.body.startswith(_EXIF):
            return segment.body.removeprefix(_EXIF)
    return b""


def _is_of_pixels(segment: Segment) -> bool:
    if segment.marker in _COLOURS:
        return segment.body.startswith(_COLOURS[segment.marker])
    return segment.marker != _COMMENT and not 0xE0 <= segment.marker <= 0xEF


def _segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to the end of the picture; what follows is no part of it."""
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # filling
            at += 1
        head = data[at : at + 4]
        if head[:2] == b"\xff\xd9":
            return
        if len(head) < 4 or head[0] != 0xFF:
            msg = "it ends in the middle"
            raise BrokenError(msg)
        end = at + 2 + max(2, int.from_bytes(head[2:]))
        if head[1] == _SCAN:
            after = _MARKER.search(data, end)
            end = after.start() if after else len(data)
        if end > len(data):
            msg = "it ends in the middle"
            raise BrokenError(msg)
        yield Segment(head[1], data[at + 4 : end], data[at:end])
        at = end
