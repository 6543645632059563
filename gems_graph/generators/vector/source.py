"""The drawing kept in the picture, as a text chunk of the PNG: whoever wants to can edit it."""

from __future__ import annotations

import struct
import zlib

KEYWORD = "SVG"
_HEAD = 8 + 25  # signature and IHDR of a PNG


def with_source(png: bytes, drawing: str) -> bytes:
    """Return a PNG that carries the drawing it was rendered from, as compressed `iTXt`.

    `PIL.Image.open(file).text["SVG"]` gives it back.
    """
    body = KEYWORD.encode() + b"\0\1\0\0\0" + zlib.compress(drawing.encode())
    kind = b"iTXt"
    checksum = zlib.crc32(kind + body)
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
    return png[:_HEAD] + chunk + png[_HEAD:]
