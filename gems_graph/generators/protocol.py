"""What a generator is: a request in, pictures out."""

from __future__ import annotations

from typing import Any, Protocol

from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.images.normal import as_png, normal
from gems_graph.settings.generator import Capabilities


class Generator(Protocol):
    """Draws pictures; what it can do it declares as `capabilities`.

    It raises a `ContentRefusedError`, `NoMemoryError`, `BadRequestError` or `TransientError` where
    it can tell; only the last is tried again, as are lost connections, time-outs and busy servers.
    Anything callable, such as `f(prompt, seed)`, is made one by `adapt`.
    """

    name: str
    capabilities: Capabilities

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw `request.n` pictures, in the order of their seeds."""

    async def aclose(self) -> None:
        """Give back what it holds; called when nobody has drawn with it for long."""


def capabilities_of(generator: object) -> Capabilities:
    """Return what a generator declares of itself; a plain callable declares nothing."""
    declared = getattr(generator, "capabilities", None)
    return declared if isinstance(declared, Capabilities) else Capabilities()


def encode(picture: Any) -> bytes:
    """Return a generator's picture as encoded bytes; what is not encoded yet becomes PNG.

    Args:
        picture: encoded bytes, a PIL image, an array or tensor (height, width, channels) of 0..255
            or of 0.0..1.0, a pipeline's output, or a list with one of these.

    Raises:
        GeneratorError: it is none of these.
    """
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, Image.Image):
        return as_png(normal(picture))
    pictures = getattr(picture, "images", picture)  # of a pipeline's output
    if isinstance(pictures, list | tuple) and len(pictures) == 1:
        return encode(pictures[0])
    if hasattr(pictures, "__array__"):
        from gems_graph.generators.arrays import image_of  # late: it needs NumPy

        return as_png(image_of(pictures))
    msg = (
        "A generator must return encoded bytes, a PIL image or an array of one picture, not "
        f"{type(picture).__name__}."
    )
    raise GeneratorError(msg)
