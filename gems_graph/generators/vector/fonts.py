"""The fonts that drawings are written in: those that ship with us, and no other."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

FAMILY = "Noto Sans"
FILES = (
    *("latin-400", "latin-ext-400", "greek-400", "cyrillic-400", "cyrillic-ext-400"),
    *("vietnamese-400", "sc-han-400", "latin-600"),
)
"""In the order in which a character is looked for, where several are as good."""
_SHIPPED = Path(__file__).parents[2] / "report" / "fonts"
_SEMIBOLD = f"{FAMILY} SemiBold".encode("utf-16-be")
_HEADER, _ENTRY = ">4sIIHHIHHIIIII", ">4sIIII"


def unpack_fonts(folder: Path) -> None:
    """Write every shipped font into a folder, named in order, in the form the renderer reads.

    Raises:
        OSError: the folder cannot be written.
    """
    for place, name in enumerate(FILES):
        font = unpack((_SHIPPED / f"noto-sans-{name}.woff").read_bytes())
        (folder / f"{place}.ttf").write_bytes(font)


def unpack(woff: bytes) -> bytes:
    """Return a font of the Web Open Font Format 1.0 (W3C, 2012) as plain OpenType."""
    _, flavour, _, count, *_ = struct.unpack_from(_HEADER, woff)
    tables = [struct.unpack_from(_ENTRY, woff, 44 + 20 * k) for k in range(count)]
    power = 1 << (count.bit_length() - 1)
    head = struct.pack(
        ">IHHHH", flavour, count, 16 * power, power.bit_length() - 1, 16 * (count - power)
    )
    offset, directory, body = 12 + 16 * count, b"", b""
    for tag, at, packed, length, checksum in tables:
        table = woff[at : at + packed]
        table = zlib.decompress(table) if packed < length else table
        table = _of_the_family(table) if tag == b"name" else table
        directory += struct.pack(">4sIII", tag, checksum, offset + len(body), length)
        body += table + bytes(-length % 4)
    return head + directory + body


def _of_the_family(names: bytes) -> bytes:
    """Return a table of names in which the semibold face is of our family: its bold one."""
    table = bytearray(names)
    count, start = struct.unpack_from(">HH", table, 2)
    for record in range(6, 6 + 12 * count, 12):
        _, _, _, meaning, length, at = struct.unpack_from(">6H", table, record)
        if meaning == 1 and table[start + at : start + at + length] == _SEMIBOLD:
            struct.pack_into(">H", table, record + 8, 2 * len(FAMILY))  # of which it is the start
    return bytes(table)
