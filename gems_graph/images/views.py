"""Pictures scaled and encoded for models, each once."""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from gems_graph.state import ImageRef
from gems_graph.system.processes import Lock, renew_in_children

_VIEWS = 128  # encoded views kept; a trajectory of five rounds needs twenty
_DECODED = 4  # pictures kept decoded; a trajectory needs its last one
_SMALL = 100_000  # bytes of a PNG that is sent as it is
_ENCODERS: dict[str, dict[str, Any]] = {
    # 4:4:4 keeps thin coloured strokes; a Huffman table of its own saves a tenth
    "jpeg": {"quality": 75, "subsampling": 0, "optimize": True},
    "png": {"optimize": True},
    "webp": {"quality": 85},
}


class Decoded(NamedTuple):
    """A picture with every pixel, and the bytes that it came from."""

    image: Image.Image
    data: bytes


class View(NamedTuple):
    """A request for a view: the picture's hash, its longest side in pixels, and the format."""

    sha256: str
    side: int
    form: str


class Views:
    """Encodes each view once, however many threads ask for it.

    Args:
        load: reads and decodes a picture by its hash.
    """

    def __init__(self, load: Callable[[str], Decoded]) -> None:
        self._load, self._lock = load, Lock()
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Forget every view: in a forked child, nobody would finish those that were begun."""
        self._decoded: OrderedDict[str, Decoded] = OrderedDict()
        self._views: OrderedDict[View, Future[tuple[str, str]]] = OrderedDict()

    def remember(self, sha256: str, decoded: Decoded) -> None:
        """Cache a decoded picture, which the Verifier is about to see."""
        with self._lock:
            self._decoded[sha256] = decoded
            while len(self._decoded) > _DECODED:
                self._decoded.popitem(last=False)

    def forget(self, sha256: str) -> None:
        """Drop a picture and its views from the caches."""
        with self._lock:
            self._decoded.pop(sha256, None)
            for key in [key for key in self._views if key.sha256 == sha256]:
                del self._views[key]

    def of(self, view: View) -> tuple[str, str]:
        """Return a view: `(base64, media type)`."""
        with self._lock:
            is_first = view not in self._views
            future = self._views.setdefault(view, Future())
            while len(self._views) > _VIEWS:
                self._views.popitem(last=False)
        if is_first:  # whoever comes first encodes, the others wait for it
            try:
                future.set_result(self._encode(view))
            except BaseException as error:
                with self._lock:
                    self._views.pop(view, None)
                future.set_exception(error)
                raise
        return future.result()

    def _encode(self, view: View) -> tuple[str, str]:
        with self._lock:
            decoded = self._decoded.get(view.sha256)
        image, data = decoded or self._load(view.sha256)
        cheap = view.form == "png" or len(data) < _SMALL
        if max(image.size) <= view.side and cheap and _is_bare_png(image):
            return base64.b64encode(data).decode(), "image/png"
        scale = min(1.0, view.side / max(image.size))
        fitted = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        plain = image if image.mode == "RGB" else image.convert("RGB")  # which copies
        small = plain.resize(fitted, Image.Resampling.HAMMING)
        small.info.clear()  # comments and profiles: what is seen is the pixels
        return base64.b64encode(_encoded(small, view.form)).decode(), f"image/{view.form}"


def _encoded(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    try:
        image.save(out, form, **_ENCODERS[form])
    except OSError:  # of pure noise: Pillow optimises only what fits into a byte a pixel
        out = io.BytesIO()
        image.save(out, form, **{**_ENCODERS[form], "optimize": False})
    return out.getvalue()


def _is_bare_png(image: Image.Image) -> bool:
    """Tell whether a picture is a PNG without texts; many tools write the prompt into one."""
    return isinstance(image, PngImageFile) and not image.text and "exif" not in image.info


def shown_side(ref: ImageRef, side: int) -> int:
    """Return the longest side that a picture is shown with: none is enlarged."""
    return min(side, max(ref["width"], ref["height"]))
