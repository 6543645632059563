"""Texts in PNG: the chunks `tEXt` and `iTXt`."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gems_graph.images.texts.broken import LONGEST, BrokenError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12  # bytes of a chunk beside its body: length, kind, checksum
_PIXELS = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP",
    b"mDCV", b"cLLI", b"pHYs", b"sBIT", b"bKGD",
}  # fmt: skip
"""Kinds that say how pixels look; all others say something beside the picture."""
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}


class Chunk(NamedTuple):
    """A chunk: its kind, its body, and all its bytes."""

    kind: bytes
    body: bytes
    whole: bytes


def is_png(data: bytes) -> bool:
    """Tell whether bytes begin as a PNG."""
    return data.startswith(_SIGNATURE)


def with_texts(data: bytes, texts: Mapping[str, str], kept: Sequence[str] = ()) -> bytes:
    """Return a PNG with these texts, and none of what was written into it before.

    Args:
        data: of a whole PNG.
        texts: by keyword.
        kept: keywords of texts that stay.
    """
    parts = [_SIGNATURE]
    for chunk in _chunks(data):
        if chunk.kind in _PIXELS or (chunk.kind in _TEXTS and _keyword(chunk) in kept):
            parts.append(chunk.whole)
        if chunk.kind == b"IHDR":
            parts += [_text(keyword, text) for keyword, text in texts.items()]
    return b"".join(parts)


def texts_in(data: bytes, wanted: Sequence[str]) -> dict[str, str]:
    """Return the wanted texts of a PNG, by keyword; of several, the first.

    Raises:
        BrokenError: a chunk is cut or damaged, or a text is too long.
    """
    found: dict[str, str] = {}
    for chunk in _chunks(data):
        if chunk.kind in _TEXTS and (keyword := _keyword(chunk)) in wanted:
            if zlib.crc32(chunk.kind + chunk.body) != struct.unpack(">I", chunk.whole[-4:])[0]:
                msg = f"its text {keyword!r} is damaged"
                raise BrokenError(msg)
            found.setdefault(keyword, _content(chunk))
    return found


def _chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks; what follows the last is no part of the picture."""
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        head = data[at : at + 8]
        size = int.from_bytes(head[:4])
        whole = data[at : at + _FRAME + size]
        if len(whole) < _FRAME + size:
            msg = "it ends in the middle"
            raise BrokenError(msg)
        kind, at = head[4:], at + len(whole)
        yield Chunk(kind, whole[8:-4], whole)


def _keyword(chunk: Chunk) -> str:
    return chunk.body.partition(b"\0")[0][:80].decode("latin-1")


def _content(chunk: Chunk) -> str:
    """Return the text of a chunk; a packed one is never unpacked beyond what is read."""
    rest = chunk.body.partition(b"\0")[2]
    if chunk.kind == b"tEXt":
        return _short(rest).decode("latin-1")
    if chunk.kind == b"zTXt":
        return _unpacked(rest[1:]).decode("latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:]
    text = rest.split(b"\0", 2)[-1]  # after language and translated keyword
    return (_unpacked(text) if packed else _short(text)).decode("utf-8", "replace")


def _unpacked(data: bytes) -> bytes:
    try:
        return _short(zlib.decompressobj().decompress(data, LONGEST + 1))
    except zlib.error as error:
        msg = "one of its texts cannot be unpacked"
        raise BrokenError(msg) from error


def _short(text: bytes) -> bytes:
    if len(text) > LONGEST:
        msg = f"one of its texts has over {LONGEST:,} bytes"
        raise BrokenError(msg)
    return text


def _text(keyword: str, text: str) -> bytes:
    """Return a chunk: `tEXt` where that can hold the text, else `iTXt` in UTF-8."""
    plain = text.isascii()
    kind, between = (b"tEXt", b"\0") if plain else (b"iTXt", b"\0\0\0\0\0")
    body = keyword.encode("latin-1") + between + text.encode("utf-8", "replace")
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum
