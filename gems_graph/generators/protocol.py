"""What a generator is: a prompt and a seed in, one picture out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.images.normal import as_png, normal
from gems_graph.settings.generator import Capabilities

Progress = Callable[[int, int], None]
"""Takes the steps done and the steps in all; from any thread."""


class Generator(Protocol):
    """Text in, one picture out: `await generator(prompt, seed=..., size=(w, h) or None)`.

    Returns encoded bytes (PNG, JPEG, WebP) or whatever else `encode` takes. What more it can do it
    declares as `capabilities`; one that declares progress is also given `progress`, to be called
    with the steps done and the steps in all, from any thread. One with `aclose()` is closed when
    nobody has drawn with it for long.
    """

    def __call__(
        self, prompt: str, *, seed: int, size: tuple[int, int] | None = None
    ) -> Awaitable[Any]:
        """Draw one picture."""


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
        return as_png(_from_array(np.asarray(_on_host(pictures))))
    msg = (
        "A generator must return encoded bytes, a PIL image or an array of one picture, not "
        f"{type(picture).__name__}."
    )
    raise GeneratorError(msg)


def _on_host(tensor: Any) -> Any:
    """Return a tensor of a device, or one that is being trained, as one that NumPy can read."""
    return tensor.detach().float().cpu() if hasattr(tensor, "detach") else tensor


def _from_array(array: npt.NDArray[Any]) -> Image.Image:
    """Return an array as an image.

    Raises:
        GeneratorError: its shape or its values are those of no picture.
    """
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    if array.ndim == 3 and array.shape[2] > 4 and array.shape[0] in (1, 3, 4):
        array = array.transpose(1, 2, 0)  # channels first, as tensors have them
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        msg = f"An array of shape {array.shape} is no picture: return (height, width, 3)."
        raise GeneratorError(msg)
    return normal(Image.fromarray(_levels(array)))


def _levels(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return the levels 0..255 that an array of whole numbers, of 0.0..1.0 or of bits means."""
    if array.dtype == np.uint16:
        array = array // 257
    if array.dtype == bool or array.dtype.kind == "f":
        levels = array.astype(np.float64)
        if not np.isfinite(levels).all():
            msg = "The array holds values that are no numbers (NaN): the model has broken down."
            raise GeneratorError(msg)
        # noise may lift floats of 0..1 a little above 1
        array = (levels if levels.size and levels.max() > 2 else levels * 255).round()
    return array.clip(0, 255).astype(np.uint8)
