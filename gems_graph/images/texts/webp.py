"""EXIF in WebP: a chunk of its RIFF file, announced in `VP8X`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from gems_graph.images.texts.broken import LONGEST, BrokenError

_EXIF_FLAG, _XMP_FLAG, _ALPHA_FLAG = 0x08, 0x04, 0x10
_PIXELS = (b"ICCP", b"ALPH", b"VP8 ", b"VP8L")


class Chunk(NamedTuple):
    """A chunk: its name and its body."""

    name: bytes
    body: bytes


def is_webp(data: bytes) -> bool:
    """Tell whether bytes begin as a WebP."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def with_exif(data: bytes, exif: bytes) -> bytes:
    """Return a still WebP with this EXIF (empty: none), and nothing else that says no pixel."""
    chunks = list(_chunks(data))
    kept = [each for each in chunks if each.name in _PIXELS]
    whole = [_header(chunks, bool(exif)), *kept, *([Chunk(b"EXIF", exif)] if exif else [])]
    bare = len(kept) == 1 and not exif
    body = b"WEBP" + b"".join(map(_written, kept if bare else whole))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def exif_in(data: bytes) -> bytes:
    """Return the EXIF of a WebP as TIFF; empty: there is none.

    Raises:
        BrokenError: it is cut, or too long.
    """
    found = next((each.body for each in _chunks(data) if each.name == b"EXIF"), b"")
    if len(found) > LONGEST:
        msg = f"its EXIF has over {LONGEST:,} bytes"
        raise BrokenError(msg)
    return found.removeprefix(b"Exif\0\0")


def _chunks(data: bytes) -> Iterator[Chunk]:
    at, end = 12, 8 + int.from_bytes(data[4:8], "little")
    if end > len(data) + 1:  # a writer may leave out the last padding
        msg = "it ends in the middle"
        raise BrokenError(msg)
    while at + 8 <= end:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if len(body) < size:
            msg = "it ends in the middle"
            raise BrokenError(msg)
        yield Chunk(data[at : at + 4], body)
        at += 8 + size + size % 2


def _written(chunk: Chunk) -> bytes:
    padding = b"\0" * (len(chunk.body) % 2)
    return chunk.name + struct.pack("<I", len(chunk.body)) + chunk.body + padding


def _header(chunks: list[Chunk], has_exif: bool) -> Chunk:
    """Return `VP8X`: what the file holds, and how large the picture is."""
    by_name = {each.name: each.body for each in chunks}
    flags, size = _announced(by_name)
    flags = flags & ~(_EXIF_FLAG | _XMP_FLAG) | (_EXIF_FLAG if has_exif else 0)
    return Chunk(b"VP8X", bytes([flags, 0, 0, 0]) + size)


def _announced(by_name: dict[bytes, bytes]) -> tuple[int, bytes]:
    """Return flags, and width and height less 1 in 24 bits each, as `VP8X` has them."""
    if extended := by_name.get(b"VP8X"):
        return extended[0], extended[4:10]
    if lossless := by_name.get(b"VP8L"):  # RFC 9649, 3.4: 14 bits, 14 bits, alpha
        bits = int.from_bytes(lossless[1:5], "little")
        alpha = _ALPHA_FLAG if bits >> 28 & 1 else 0
        return alpha, _size(bits & 0x3FFF, bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", by_name.get(b"VP8 ", bytes(10))[6:10])  # RFC 6386, 9.1
    return 0, _size((width & 0x3FFF) - 1, (height & 0x3FFF) - 1)


def _size(width: int, height: int) -> bytes:
    return (width & 0xFFFFFF).to_bytes(3, "little") + (height & 0xFFFFFF).to_bytes(3, "little")
