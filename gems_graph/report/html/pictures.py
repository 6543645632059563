"""Pictures as `data:` addresses: small, each encoded once, several at a time."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from PIL import Image

from gems_graph.errors import GemsError
from gems_graph.images import Store
from gems_graph.images.pictures import decode, opened
from gems_graph.state import ImageRef

SIDE, THUMB = 640, 280
"""Pixels of the longest side: of a round's picture, and of one in a gallery."""
_SHARP = 60_000  # pixels; a smaller picture is kept as it is, edge for edge
W = TypeVar("W")
Source = Callable[[ImageRef, int], str]
"""From a picture and its longest side to what `src` says; empty: the picture is missing."""


class Wanted(NamedTuple):
    """A picture to be shown: its hash, its longest side, and a file that may hold it."""

    sha256: str
    side: int
    file: Path | None = None


class Embedded:
    """Pictures inside the page; what cannot be read is left out.

    Args:
        store: holds them, unless a file does.
        wanted: all of them, so that they are encoded side by side.
    """

    def __init__(self, store: Store, wanted: Iterable[Wanted]) -> None:
        self._store = store
        each = list({(one.sha256, one.side): one for one in wanted}.values())
        found = _side_by_side(self._address, each)
        self._addresses: Mapping[tuple[str, int], str] = {
            (one.sha256, one.side): address for one, address in zip(each, found, strict=True)
        }

    def __call__(self, ref: ImageRef, side: int) -> str:
        """Return the address of a picture; empty: it is missing."""
        return self._addresses.get((ref["sha256"], side), "")

    def _address(self, wanted: Wanted) -> str:
        return _address(lambda: self._open(wanted), wanted.side)

    def _open(self, wanted: Wanted) -> Image.Image:
        if wanted.file and wanted.file.is_file():
            return _open(wanted.file)
        ref = ImageRef(sha256=wanted.sha256, media_type="", width=0, height=0)
        return self._store.open(ref)


def addresses(files: Iterable[Path], side: int) -> list[str]:
    """Return the pictures of files as addresses, in order; empty: it cannot be read."""
    return _side_by_side(lambda file: _address(lambda: _open(file), side), files)


def _side_by_side(encode: Callable[[W], str], what: Iterable[W]) -> list[str]:
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return list(pool.map(encode, what))


def _address(open_: Callable[[], Image.Image], side: int) -> str:
    try:
        image = open_()
    except (GemsError, OSError):  # the page says so in its place
        return ""
    return data_address(image, side)


def _open(file: Path) -> Image.Image:
    data = file.read_bytes()
    return decode(opened(data), data)


def data_address(image: Image.Image, side: int) -> str:
    """Return a picture as a `data:` address in WebP, at most `side` pixels long."""
    small = image.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.info.clear()  # what is shown is the pixels
    out = io.BytesIO()
    sharp = small.width * small.height <= _SHARP
    small.save(out, "WEBP", quality=80, method=2, lossless=sharp)
    return f"data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}"
