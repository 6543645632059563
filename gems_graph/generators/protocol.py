"""What a generator is: a prompt and a seed in, one picture out."""

from __future__ import annotations

import io
from collections.abc import Awaitable
from typing import Any, Protocol

from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.settings.generator import Capabilities


class Generator(Protocol):
    """Text in, one picture out: `await generator(prompt, seed=..., size=(w, h) or None)`.

    Returns encoded bytes (PNG, JPEG, WebP) or a PIL image. What more it can do it declares as
    `capabilities`; one that declares progress is also given `progress`, to be called with the
    steps done and the steps in all, from any thread. One with `aclose()` is closed when nobody
    has drawn with it for long.
    """

    def __call__(
        self, prompt: str, *, seed: int, size: tuple[int, int] | None = None
    ) -> Awaitable[bytes | Image.Image]:
        """Draw one picture."""


def capabilities_of(generator: object) -> Capabilities:
    """Return what a generator declares of itself; a plain callable declares nothing."""
    declared = getattr(generator, "capabilities", None)
    return declared if isinstance(declared, Capabilities) else Capabilities()


def encode(picture: Any) -> bytes:
    """Return a generator's picture as encoded bytes; a PIL image becomes PNG.

    Raises:
        GeneratorError: it is neither bytes nor a PIL image.
    """
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, Image.Image):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue()
    msg = f"A generator must return encoded bytes or a PIL image, not {type(picture).__name__}."
    raise GeneratorError(msg)
