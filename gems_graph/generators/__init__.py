"""Image generators: one backend, one file, opened by name."""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable
from functools import lru_cache
from typing import Any, Protocol

from PIL import Image

from gems_graph import plugins
from gems_graph.errors import ConfigError, GeneratorError

__all__ = ["Generator", "encode", "open_generator"]


class Generator(Protocol):
    """Text in, one picture out: `await generator(prompt, seed=..., size=(w, h) or None)`.

    Returns encoded bytes (PNG, JPEG, WebP) or a PIL image. A fresh process should return the
    same picture for the same prompt, seed and size.
    """

    def __call__(
        self, prompt: str, *, seed: int, size: tuple[int, int] | None = None
    ) -> Awaitable[bytes | Image.Image]:
        """Draw one picture."""


@lru_cache(maxsize=64)
def open_generator(name: str) -> Generator:
    """Open the generator that a name means: `mini`, `http:URL`, or a plugin's `NAME[:ARGUMENT]`.

    Raises:
        ConfigError: nobody knows the name, or its package is missing.
    """
    if re.match(r"https?://", name):
        name = f"http:{name}"
    head, _, argument = name.partition(":")
    opener = plugins.load("generators", head)
    if opener is None:
        msg = f"There is no generator {name!r}; use `mini`, `http:URL` or an installed plugin's."
        raise ConfigError(msg)
    generator: Generator = opener(argument)
    return generator


def encode(picture: Any) -> bytes:
    """Return a generator's picture as encoded bytes; a PIL image becomes PNG.

    Raises:
        GeneratorError: it is neither bytes nor a PIL image.
    """
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, Image.Image):
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()
    msg = f"A generator must return encoded bytes or a PIL image, not {type(picture).__name__}."
    raise GeneratorError(msg)
