"""Arrays and tensors as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.images.normal import normal


def image_of(given: Any) -> Image.Image:
    """Return an array or a tensor as an image.

    Args:
        given: (height, width), or with 1, 3 or 4 channels last or first; alone, or a batch of one.

    Raises:
        GeneratorError: its shape or its values are those of no picture.
    """
    array: npt.NDArray[Any] = np.asarray(_on_host(given))
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    if array.ndim == 3 and array.shape[2] > 4 and array.shape[0] in (1, 3, 4):
        array = array.transpose(1, 2, 0)  # channels first, as tensors have them
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        msg = f"An array of shape {array.shape} is no picture: return (height, width, 3)."
        raise GeneratorError(msg)
    return normal(Image.fromarray(_levels(array)))


def _on_host(tensor: Any) -> Any:
    """Return a tensor of a device, or one that is being trained, as one that NumPy can read."""
    return tensor.detach().float().cpu() if hasattr(tensor, "detach") else tensor


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
