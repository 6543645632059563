"""The content-addressed store: pictures and long texts, by the SHA-256 of their bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tempfile
import threading
from collections import OrderedDict
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from gems_graph.errors import GeneratorError, StoreError
from gems_graph.state import ImageRef, Thought

MAX_PIXELS = 64_000_000  # against decompression bombs; 8000 x 8000
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_VIEWS = 128  # encoded views kept; a trajectory of five rounds needs ten
_Key = tuple[str, int, str]
_ENCODERS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 75, "subsampling": 0},  # 4:4:4 keeps thin coloured strokes
    "png": {"optimize": True},
    "webp": {"quality": 85},
}
_DECODED = 4  # pictures kept decoded; a trajectory needs its last one
_INLINE = 500  # characters of reasoning kept in state; the rest lies in the store


class NoPictureError(GeneratorError):
    """What a generator sent is no picture, not a whole one, or too large."""


class Store:
    """Pictures and texts in a folder, each named by its hash, so none is ever overwritten.

    Args:
        folder: created when first written to.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._decoded: OrderedDict[str, Image.Image] = OrderedDict()
        self._views: OrderedDict[_Key, Future[tuple[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def put_image(self, data: bytes) -> ImageRef:
        """Keep an encoded picture (PNG, JPEG or WebP) as it is.

        Raises:
            NoPictureError: the bytes are not such a picture.
            StoreError: the folder cannot be written.
        """
        image = _inspect(data)
        sha256 = self._put(data)
        self._decoded[sha256] = image  # it is about to be shown to the Verifier
        while len(self._decoded) > _DECODED:
            self._decoded.popitem(last=False)
        media_type = _MEDIA[str(image.format)]
        return ImageRef(
            sha256=sha256, media_type=media_type, width=image.width, height=image.height
        )

    def put_thought(self, text: str) -> Thought:
        """Keep reasoning: short as it is, long by reference with its beginning."""
        if len(text) <= _INLINE:
            return Thought(text=text, sha256=None)
        return Thought(text=text[:_INLINE], sha256=self._put(text.encode()))

    def thought(self, thought: Thought) -> str:
        """Return the whole text of reasoning."""
        key = thought["sha256"]
        return self.read(key).decode() if key else thought["text"]

    def path(self, sha256: str) -> Path:
        """Return where the bytes of a hash lie."""
        return self.folder / sha256[:2] / sha256

    def read(self, sha256: str) -> bytes:
        """Return stored bytes, checked against their hash.

        Raises:
            StoreError: they are missing or damaged.
        """
        try:
            data = self.path(sha256).read_bytes()
        except OSError as error:
            msg = f"{self.path(sha256)} is missing from the image store ({error.strerror})."
            raise StoreError(msg) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            msg = f"{self.path(sha256)} is damaged: its content does not match its name."
            raise StoreError(msg)
        return data

    def open(self, ref: ImageRef) -> Image.Image:
        """Return the picture of a reference, decoded."""
        image = Image.open(io.BytesIO(self.read(ref["sha256"])))
        image.load()
        return image

    def view(self, ref: ImageRef, side: int, form: str = "jpeg") -> tuple[str, str]:
        """Return a picture as a model sees it: `(base64, media type)`, longest side <= `side`.

        A small PNG that fits is sent as it is; others as `form`: jpeg, png or webp.

        Encoded once per picture and side, so that probes of one round are byte-identical.
        """
        key = (ref["sha256"], side, form)
        with self._lock:
            mine = key not in self._views
            view = self._views.setdefault(key, Future())
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        if mine:  # whoever comes first encodes, the others wait for it
            try:
                view.set_result(self._encode(*key))
            except Exception as error:
                self._views.pop(key, None)
                view.set_exception(error)
                raise
        return view.result()

    def _opened(self, sha256: str) -> tuple[Image.Image, int]:
        """Return a picture, decoded perhaps already, and the size of its file in bytes."""
        if image := self._decoded.get(sha256):
            return image, self.path(sha256).stat().st_size
        data = self.read(sha256)
        return Image.open(io.BytesIO(data)), len(data)

    def _encode(self, sha256: str, side: int, form: str) -> tuple[str, str]:
        image, size = self._opened(sha256)
        if max(image.size) <= side and image.format == "PNG" and size < 100_000:
            return base64.b64encode(self.read(sha256)).decode(), "image/png"
        scale = min(1.0, side / max(image.size))
        fitted = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = image.convert("RGB").resize(fitted, Image.Resampling.HAMMING)
        out = io.BytesIO()
        small.save(out, form, **_ENCODERS[form])
        return base64.b64encode(out.getvalue()).decode(), f"image/{form}"

    def _put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        if not target.exists():
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(target, data)
            except OSError as error:
                msg = (
                    f"Cannot write to the image store {self.folder} ({error.strerror}): "
                    "free some space, or point GEMS_HOME at a folder you may write to."
                )
                raise StoreError(msg) from error
        return sha256


def _write(target: Path, data: bytes) -> None:
    """Write beside the target, flush to disk, then rename: a crash leaves no half file."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _inspect(data: bytes) -> Image.Image:
    """Return a picture with every pixel decoded."""
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > MAX_PIXELS:
            msg = f"The picture is {image.width} x {image.height}, over {MAX_PIXELS:,} pixels."
            raise NoPictureError(msg)
        if image.format not in _MEDIA:
            msg = f"The generator sent {image.format}; send PNG, JPEG or WebP."
            raise NoPictureError(msg)
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        start = data[:80].decode("utf-8", "replace")
        msg = f"The generator's answer is not a picture ({len(data)} bytes, beginning {start!r})."
        raise NoPictureError(msg) from error
    return image
