"""Store pictures and texts by hash, read them, and encode pictures for models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from gems_graph import paths
from gems_graph.errors import StoreError
from gems_graph.images.files import Entry, checked
from gems_graph.images.lost import LostError
from gems_graph.images.normal import as_png, texts_of
from gems_graph.images.pictures import (
    NoPictureError,
    decode,
    decoding,
    media_type,
    normalised,
    opened,
)
from gems_graph.images.places import files_at
from gems_graph.images.views import Decoded, View, Views, shown_side
from gems_graph.state import ImageRef, Thought

_INLINE = 500  # characters of reasoning kept in state; the rest lies in the store


def _fine(image: Image.Image) -> None:
    """Find nothing wrong with a picture."""


class Store:
    """Pictures and texts, each named by its hash, so several processes may share it.

    Args:
        folder: created when first written to; or an fsspec URL, such as `s3://bucket/prefix`; by
            default `GEMS_IMAGES`, else `images` under `GEMS_HOME`, as graphs have it.

    Raises:
        ConfigError: the URL's protocol is unknown, or its package is missing.
        StoreError: the URL's server cannot be reached.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self._files = files_at(folder or paths.images())
        self._views = Views(self._decoded)
        self._damaged: set[str] = set()

    @classmethod
    def default(cls) -> Store:
        """Return the store where graphs put pictures unless they are told another."""
        return cls()

    @property
    def location(self) -> str:
        """Where everything lies, for messages: a path, or a URL without its password."""
        return self._files.location

    def __str__(self) -> str:
        return self.location

    def __repr__(self) -> str:
        return f"Store({self.location!r})"

    def put_image(self, data: bytes, check: Callable[[Image.Image], None] = _fine) -> ImageRef:
        """Keep an encoded picture (PNG, JPEG or WebP): as it is, if it is fine for all readers.

        If not, what is kept is a PNG of it that is: `gems_graph.images.normal`.

        Args:
            data: encoded.
            check: raises if the decoded picture shall not be kept.

        Raises:
            NoPictureError: the bytes are not such a picture; they are not kept.
            StoreError: the store cannot be written.
        """
        image = opened(data)
        if (plain := normalised(image, data)) is not image:
            data = as_png(plain, fast=True, texts=texts_of(image))
            image = opened(data)
        sha256 = hashlib.sha256(data).hexdigest()
        with decoding(image, data) as decoded, self._known_damage(sha256) as anew:
            self._files.write(sha256, data, lambda: check(decoded()), anew=anew)
        self._views.remember(sha256, Decoded(image, data))
        return ImageRef(
            sha256=sha256, media_type=media_type(image), width=image.width, height=image.height
        )

    def put_thought(self, text: str) -> Thought:
        """Keep reasoning: short as it is, long by reference with its beginning."""
        if len(text) <= _INLINE:
            return Thought(text=text, sha256=None)
        data = text.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        with self._known_damage(sha256) as anew:
            self._files.write(sha256, data, lambda: None, anew=anew)
        return Thought(text=text[:_INLINE], sha256=sha256)

    def thought(self, thought: Thought) -> str:
        """Return the whole text of reasoning."""
        key = thought["sha256"]
        return self.read(key).decode() if key else thought["text"]

    def where(self, sha256: str) -> str:
        """Return where the bytes of a hash lie: a path or a URL, for messages.

        Raises:
            StoreError: it is no hash.
        """
        return self._files.where(checked(sha256))

    def has(self, sha256: str) -> bool:
        """Tell whether the bytes of a hash are there; not whether they are whole."""
        return self._files.size(checked(sha256)) is not None

    def read(self, sha256: str) -> bytes:
        """Return stored bytes, checked against their hash.

        Raises:
            LostError: they are missing or damaged.
            StoreError: the store cannot be reached.
        """
        where = self.where(sha256)
        try:
            data = self._files.read(sha256)
        except FileNotFoundError as error:
            msg = f"{where} is missing from the image store"
            raise LostError(msg) from error
        except OSError as error:
            msg = f"{where} cannot be read ({error.strerror or error})"
            raise LostError(msg) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            self._damaged.add(sha256)
            msg = f"{where} is damaged, its content does not match its name"
            raise LostError(msg)
        return data

    def open(self, ref: ImageRef) -> Image.Image:
        """Return the picture of a reference, decoded.

        Raises:
            LostError: it is missing or damaged.
            StoreError: it is no picture, or the store cannot be reached.
        """
        return self._decoded(ref["sha256"]).image

    def view(self, ref: ImageRef, side: int, form: str = "jpeg") -> tuple[str, str]:
        """Return a picture as a model sees it: `(base64, media type)`, longest side <= `side`.

        A small PNG that fits is sent as it is; others as `form`: jpeg, png or webp, without the
        texts that tools write into pictures.

        Encoded once per picture and side, so that probes of one round are byte-identical.
        """
        return self._views.of(View(ref["sha256"], shown_side(ref, side), form))

    def entries(self) -> Iterator[Entry]:
        """Iterate over everything stored, in no order; temporary files are left out.

        Raises:
            StoreError: the store cannot be listed.
        """
        return self._files.entries()

    def remove(self, sha256: str) -> None:
        """Remove what is stored under a hash; a missing one is fine.

        Raises:
            StoreError: it cannot be removed.
        """
        self._files.remove(checked(sha256))
        self._views.forget(sha256)

    def sweep(self) -> int:
        """Remove temporary files of writers that died, and return how many there were.

        Raises:
            StoreError: the store cannot be listed.
        """
        return self._files.sweep()

    @contextmanager
    def _known_damage(self, sha256: str) -> Iterator[bool]:
        """Yield whether reading has shown a file to be damaged, which its size may not tell."""
        yield sha256 in self._damaged
        self._damaged.discard(sha256)

    def _decoded(self, sha256: str) -> Decoded:
        data = self.read(sha256)
        try:
            image = normalised(opened(data), data)
            decode(image, data)
        except NoPictureError as error:
            msg = f"{self.where(sha256)} is no picture: another one's name was given."
            raise StoreError(msg) from error
        return Decoded(image, data)
