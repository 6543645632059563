"""What is wrong with a picture that can be decoded."""

from __future__ import annotations

from PIL import Image

from gems_graph.errors import GeneratorError

_BLACK = (
    "The picture is all black: too few steps, a number format that overflows (try bfloat16 or "
    "float32 in place of float16), or a safety filter of the model's."
)


def check_picture(image: Image.Image, size: tuple[int, int] | None, *, black: bool) -> None:
    """Make sure that a picture is worth a round.

    Args:
        image: decoded.
        size: (width, height) in pixels that it must have; None: any.
        black: whether it may be all black.

    Raises:
        GeneratorError: it may not, or has another size.
    """
    if size and image.size != size:
        msg = (
            f"The generator drew {image.width} x {image.height}, not {size[0]} x {size[1]}: leave "
            "out `size`, or set one that it can draw."
        )
        raise GeneratorError(msg)
    if not black and image.convert("L").getextrema() == (0, 0):
        raise GeneratorError(_BLACK)


def on_grid(side: float, grid: int) -> int:
    """Return the multiple of a grid, in pixels, that is nearest to a side."""
    return max(grid, round(side / grid) * grid)
