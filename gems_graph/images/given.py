"""Pictures of the user's own, in whichever form they are given, put into the store."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from gems_graph.errors import UsageError
from gems_graph.images.normal import as_png, normal
from gems_graph.images.pictures import NoPictureError
from gems_graph.images.store import Store
from gems_graph.settings.redaction import shortened
from gems_graph.state import ImageRef


def keep_given(given: object, store: Store) -> ImageRef:
    """Put a picture of the user's into the store, and return its reference.

    Args:
        given: the path of a file, encoded bytes, a PIL image, a `data:` address, or a reference.
        store: where it goes.

    Raises:
        UsageError: it is no picture, or cannot be read.
        StoreError: the store cannot be written, or has lost what is referred to.
    """
    if isinstance(given, Path) or (isinstance(given, str) and not given.startswith("data:")):
        return _kept(_read(Path(given)), str(given), store)
    if isinstance(given, bytes | bytearray | memoryview):
        return _kept(bytes(given), f"A picture of {len(given)} bytes", store)
    if isinstance(given, Image.Image):
        return store.put_image(as_png(normal(given), fast=True))
    return keep_sent(given, store)


def keep_sent(given: object, store: Store) -> ImageRef:
    """Do the same for what may come from another machine: no path is opened.

    Args:
        given: a `data:` address, or a reference to what is in the store.
        store: where it goes.

    Raises:
        UsageError: it is neither, or no picture.
        StoreError: the store cannot be written, or has lost what is referred to.
    """
    if isinstance(given, Mapping) and isinstance(given.get("sha256"), str):
        return _kept(store.read(given["sha256"]), given["sha256"], store)
    if isinstance(given, str) and given.startswith("data:"):
        return _kept(_decoded(given), "What the `data:` address holds", store)
    msg = (
        f"{shortened(str(given), 80)!r} is no picture to go by: a graph takes `data:` addresses "
        "and references to its store; files are for --image, and for `images` of run()."
    )
    raise UsageError(msg)


def _read(file: Path) -> bytes:
    try:
        return file.expanduser().read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        msg = f"Cannot read the picture {file} ({reason}): name a file of PNG, JPEG or WebP."
        raise UsageError(msg) from error


def _decoded(address: str) -> bytes:
    try:
        return base64.b64decode(address.partition("base64,")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        msg = "The `data:` address of a picture holds no base64, or is cut."
        raise UsageError(msg) from error


def _kept(data: bytes, name: str, store: Store) -> ImageRef:
    try:
        return store.put_image(data)
    except NoPictureError as error:
        msg = f"{name} is no whole picture in PNG, JPEG or WebP: convert it, or give another."
        raise UsageError(msg) from error
