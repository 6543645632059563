"""Draws pictures with the network of `mini`: a walk from noise to picture in a few steps.

Guidance by the words helps while the layout is open; later it only roughens edges. It also makes
every picture richer in contrast than the words alone would, and that shows as one thing too many:
the added contrast is taken back (Lin et al., arXiv:2305.08891, section 3.4).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from gems_graph.errors import ConfigError
from gems_graph.mini.arrays import Array
from gems_graph.mini.net import WEIGHTS, MiniNet, Text
from gems_graph.mini.words import NULL, encode
from gems_graph.mini.world import RES

Pixels = npt.NDArray[np.uint8]

STEPS, GUIDANCE, SHIFT = 16, 4.0, 5.0
GUIDED_UNTIL = 0.3


def sample(
    net: MiniNet,
    prompts: Sequence[Sequence[str]],
    seeds: Sequence[int],
    steps: int = STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> Pixels:
    """Draw one picture per prompt, each from the noise of its own seed.

    Args:
        net: the trained network.
        prompts: known words of each prompt, see `gems_graph.mini.words.tokenise`.
        seeds: non-negative, one per prompt.
        steps: denoising steps.
        progress: told after each step how many are done, of how many.

    Returns:
        RGB pictures of shape (N, 96, 96, 3).
    """
    picture = np.stack([noise(seed) for seed in seeds])
    text = net.read([encode(words) for words in prompts] + [[NULL]] * len(prompts))
    for step, (now, later) in enumerate(itertools.pairwise(times(steps)), start=1):
        clean = _predict(net, picture, now, text)
        picture = picture + (clean - picture) * np.float32((later - now) / (1 - now))
        if progress:
            progress(step, steps)
    levels = (np.clip(picture, -1, 1) + np.float32(1)) * np.float32(127.5) + np.float32(0.5)
    pixels: Pixels = levels.astype(np.uint8).transpose(0, 2, 3, 1)
    return pixels


def noise(seed: int) -> Array:
    """Return the noise of a seed, (3, 96, 96)."""
    return np.random.default_rng(seed).standard_normal((3, RES, RES), dtype=np.float32)


def times(steps: int) -> list[float]:
    """Return the times of a walk, from 0 (noise) to 1; the early ones lie closer together."""
    unit = np.linspace(0, 1, steps + 1)
    return [float(time) for time in unit / (unit + SHIFT * (1 - unit))]


def load_net() -> MiniNet:
    """Load the weights shipped with the package.

    Raises:
        ConfigError: the file is missing or does not fit this version.
    """
    path = files("gems_graph.mini") / WEIGHTS
    if not path.is_file():
        raise ConfigError(f"{WEIGHTS} is missing; reinstall gems-graph or run `make train-mini`.")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return MiniNet({name: archive[name] for name in archive.files})


def _predict(net: MiniNet, picture: Array, time: float, text: Text) -> Array:
    count = len(picture)
    if time >= GUIDED_UNTIL:
        return net.denoise(picture, time, text.first(count))
    both = net.denoise(np.concatenate([picture, picture]), time, text)
    return _guided(both[:count], both[count:])


def _guided(worded: Array, free: Array) -> Array:
    """Lead predictions from those without words towards those with, at the contrast of these."""
    far = free + np.float32(GUIDANCE) * (worded - free)
    mean = far.mean((2, 3), keepdims=True)
    contrast = worded.std((1, 2, 3), keepdims=True) / far.std((1, 2, 3), keepdims=True)
    clean: Array = np.clip(mean + contrast * (far - mean), -1.1, 1.1)
    return clean
