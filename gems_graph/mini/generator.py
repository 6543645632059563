"""The offline generator `mini`: a small learned diffusion model of an illustrated world.

It is a real text-to-image model, trained from scratch (see `docs/mini.md`): it
gets the prompt and the seed, nothing else, and it makes real mistakes.  That
makes it a test bed for a loop of agents that needs no key, network or GPU.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image
from threadpoolctl import ThreadpoolController

from gems_graph.errors import ConfigError, UsageError
from gems_graph.mini.net import MiniNet
from gems_graph.mini.sampling import STEPS, Pixels, load_net, sample
from gems_graph.mini.words import MAX_TOKENS, WORLD, tokenise
from gems_graph.mini.world import RES
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.system.processes import Lock

SCALE = 5
"""Enlargement without a size: 96 pixels become 480, smoothly."""

EXAMPLE = "mini"
"""Opened by whoever lists what generators can do."""

NOTES = (
    f"A small model of illustrated scenes. It takes {MAX_TOKENS} words at most and refuses any but"
    f" these.\n{WORLD}\nShort plain prompts are best; more words make it worse, and none can say"
    " what is absent."
)
"""How to address it, for a chat model that writes its prompts."""

_LOCK = Lock()


Progress = Callable[[int, int], None]


class MiniGenerator:
    """An async callable that draws what the prompt says with the small model.

    Args:
        steps: denoising steps, at least one.
    """

    name = "mini"
    capabilities = Capabilities(
        steps=True, repeatable=True, progress=True, options=("steps",), notes=NOTES
    )

    def __init__(self, steps: int = STEPS) -> None:
        self._steps = steps

    async def __call__(
        self,
        prompt: str,
        *,
        seed: int,
        size: tuple[int, int] | None = None,
        progress: Progress | None = None,
        steps: int | None = None,
    ) -> bytes:
        """Draw one picture; the same prompt, seed and size give the same bytes.

        Args:
            prompt: words of the small world, at most 40 of them.
            seed: zero or more.
            size: width and height in pixels, 480 x 480 by default.  A picture that is not
                square has the drawn square in its middle and its edges drawn out.
            progress: told after each denoising step how many are done, of how many; from
                another thread.
            steps: of denoising, at least one; those that it was made with, if not given.

        Returns:
            An RGB picture as PNG bytes.

        Raises:
            UsageError: the prompt is empty or too long, or seed or size cannot be used.
            OutsideWorldError: the prompt has words the small world does not know.
            ConfigError: the weights are missing or do not fit.
        """
        words = tokenise(prompt)
        width, height = _checked(seed, size)
        pixels = await asyncio.to_thread(_draw, words, seed, steps or self._steps, progress)
        return _png(enlarged(pixels, width, height))


def open_backend(argument: str = "", spec: GeneratorSpec | None = None) -> MiniGenerator:
    """Open the generator behind the name `mini`; its one option is `steps`.

    Raises:
        UsageError: an argument was given.
        ConfigError: the steps are no number from 1 to 100.
    """
    if argument:
        raise UsageError(f"The generator mini takes no argument, not {argument!r}; write: mini")
    steps = (spec.options if spec else {}).get("steps", STEPS)
    if type(steps) is not int or not 1 <= steps <= 100:
        raise ConfigError(
            f"The option steps of mini is a whole number from 1 to 100, not {steps!r}."
        )
    return MiniGenerator(steps)


@functools.cache
def _net() -> MiniNet:
    return load_net()


def _draw(words: list[str], seed: int, steps: int, progress: Progress | None) -> Pixels:
    # One at a time: pictures drawn side by side would only fight over the same cores.
    with _LOCK, one_thread():
        picture: Pixels = sample(_net(), [words], [seed], steps, progress)[0]
    return picture


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep the matrix library on one thread while drawing.

    These matrices are too small to share out: on an idle machine more threads gain nothing,
    and on a busy one they wait for each other for seconds.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _libraries() -> ThreadpoolController:
    """Find the matrix libraries once; the search is slow."""
    return ThreadpoolController()


def _checked(seed: int, size: tuple[int, int] | None) -> tuple[int, int]:
    if seed < 0:
        raise UsageError(f"The seed must be zero or more, not {seed}.")
    width, height = size or (RES * SCALE, RES * SCALE)
    if min(width, height) < RES:
        raise UsageError(
            f"The mini model draws {RES} x {RES} pixels, so a picture of {width} x {height}"
            f" is too small; ask for at least {RES} x {RES}."
        )
    return width, height


def enlarged(pixels: Pixels, width: int = RES * SCALE, height: int = RES * SCALE) -> Image.Image:
    """Enlarge a drawn picture smoothly, and draw the edges out where it shall not be square."""
    side = min(width, height)
    drawn = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
    left, top = (width - side) // 2, (height - side) // 2
    margins = ((top, height - side - top), (left, width - side - left), (0, 0))
    return Image.fromarray(np.pad(np.asarray(drawn), margins, mode="edge"))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
