"""The small diffusion transformer of the `mini` generator, in plain NumPy.

Sixteen image tokens (one per 12-pixel cell) look at each other and at the
words of the prompt.  The network predicts the clean picture from a noised one
(flow matching, x-prediction); sampling walks from noise to picture in a few
steps with classifier-free guidance.  PyTorch trains this network
(`tools/mini/model.py`); at run time NumPy is enough and starts at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from gems_graph.errors import ConfigError
from gems_graph.mini.arrays import RES, Array, attend, cut, join, rms, silu
from gems_graph.mini.words import NULL, PAD, VOCABULARY, encode

Pixels = npt.NDArray[np.uint8]

STEPS, GUIDANCE, SHIFT = 12, 3.0, 4.0
WEIGHTS = "mini_weights.npz"
_MASKED = np.float32(-1e4)


@dataclass(frozen=True)
class Text:
    """The encoded prompts: keys and values per block (B, H, L, D), mask, pooled vector (B, C)."""

    keys: list[Array]
    values: list[Array]
    bias: Array
    pooled: Array


class MiniNet:
    """The trained network; every method is a pure function of its arguments.

    Args:
        weights: parameter arrays by name, plus `heads` and `vocabulary`.
    """

    def __init__(self, weights: dict[str, npt.NDArray[np.generic]]) -> None:
        if tuple(weights.pop("vocabulary").tolist()) != VOCABULARY:
            raise ConfigError(
                f"{WEIGHTS} was trained with another vocabulary than gems_graph/mini/words.py;"
                " export the weights again with `python -m tools.mini.export`."
            )
        self.heads = int(weights.pop("heads"))
        self.parameters = {name: value.astype(np.float32) for name, value in weights.items()}
        self.text_depth = self._depth("txt.")
        self.depth = self._depth("blocks.")

    def sample(
        self,
        prompts: Sequence[Sequence[str]],
        seeds: Sequence[int],
        steps: int = STEPS,
        progress: Callable[[int, int], None] | None = None,
    ) -> Pixels:
        """Draw one picture per prompt, each from the noise of its own seed.

        Args:
            prompts: known words of each prompt, see `gems_graph.mini.words.tokenise`.
            seeds: non-negative, one per prompt.
            steps: denoising steps.
            progress: told after each step how many are done, of how many.

        Returns:
            RGB pictures of shape (N, 48, 48, 3).
        """
        count = len(prompts)
        picture = np.stack([_noise(seed) for seed in seeds])
        text = self.read([encode(words) for words in prompts] + [[NULL]] * count)
        unit = np.linspace(0, 1, steps + 1)
        times = unit / (unit + SHIFT * (1 - unit))
        for step, (now, later) in enumerate(itertools.pairwise(times), start=1):
            both = self.denoise(np.concatenate([picture, picture]), float(now), text)
            guided, free = both[:count], both[count:]
            clean = np.clip(free + np.float32(GUIDANCE) * (guided - free), -1.2, 1.2)
            picture = picture + (clean - picture) * np.float32((later - now) / (1 - now))
            if progress:
                progress(step, steps)
        levels = (np.clip(picture, -1, 1) + np.float32(1)) * np.float32(127.5) + np.float32(0.5)
        pixels: Pixels = levels.astype(np.uint8).transpose(0, 2, 3, 1)
        return pixels

    def read(self, rows: Sequence[Sequence[int]]) -> Text:
        """Encode prompts given as token ids, padded here to the longest of them."""
        length = max(map(len, rows))
        ids = np.array([[*row, *[PAD] * (length - len(row))] for row in rows])
        is_token = ids != PAD
        bias = np.where(is_token, np.float32(0), _MASKED)[:, None, None, :]
        hidden: Array = self.parameters["emb.weight"][ids] + self.parameters["tpos"][:, :length]
        for index in range(self.text_depth):
            hidden = self._text_block(f"txt.{index}.", hidden, bias)
        hidden = rms(hidden)
        weight = is_token.astype(np.float32)[..., None]
        pooled = (hidden * weight).sum(1) / np.maximum(weight.sum(1), 1)
        return self._text(hidden, bias, pooled)

    def denoise(self, noised: Array, time: float, text: Text) -> Array:
        """Predict the clean pictures behind noised ones; time runs from 0 (noise) to 1 (clean).

        Pictures are (B, 3, 48, 48) with values in about -1..1.
        """
        condition = silu(self._time_embedding(time) + self._linear("pool", text.pooled))
        hidden = self._linear("inp", cut(noised)) + self.parameters["pos"]
        bias = np.pad(text.bias, ((0, 0), (0, 0), (0, 0), (hidden.shape[1], 0)))
        for index in range(self.depth):
            hidden = self._image_block(index, hidden, condition, text, bias)
        scale, shift = np.split(self._linear("fin", condition)[:, None], 2, -1)
        hidden = rms(hidden) * (1 + scale) + shift
        return join(self._linear("out.2", silu(self._linear("out.0", hidden))))

    def _depth(self, prefix: str) -> int:
        return sum(name.startswith(prefix) and name.endswith(".g") for name in self.parameters)

    def _linear(self, name: str, x: Array) -> Array:
        y: Array = x @ self.parameters[name + ".weight"].T
        bias = self.parameters.get(name + ".bias")
        return y if bias is None else y + bias

    def _split_heads(self, x: Array) -> Array:
        return x.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2)

    def _text(self, hidden: Array, bias: Array, pooled: Array) -> Text:
        keys, values = [], []
        for index in range(self.depth):
            name = f"blocks.{index}."
            key, value = np.split(self._linear(name + "tkv", hidden), 2, -1)
            keys.append(rms(self._split_heads(key)) * self.parameters[name + "g"][1])
            values.append(self._split_heads(value))
        return Text(keys, values, bias, pooled)

    def _time_embedding(self, time: float) -> Array:
        rates = np.exp(-np.log(np.float32(1e3)) * np.arange(64, dtype=np.float32) / 64)
        angle = np.float32(time) * np.float32(100) * rates
        wave = np.concatenate([np.cos(angle), np.sin(angle)])[None]
        return self._linear("te.2", silu(self._linear("te.0", wave)))

    def _heads(self, name: str, x: Array) -> tuple[Array, Array, Array]:
        query, key, value = map(self._split_heads, np.split(self._linear(name + "qkv", x), 3, -1))
        gain = self.parameters[name + "g"]
        return rms(query) * gain[0], rms(key) * gain[1], value

    def _feed_forward(self, name: str, x: Array) -> Array:
        return self._linear(name + "b", np.maximum(self._linear(name + "a", x), 0) ** 2)

    def _text_block(self, name: str, x: Array, bias: Array) -> Array:
        x = x + self._linear(name + "o", attend(*self._heads(name, rms(x)), bias))
        return x + self._feed_forward(name, rms(x))

    def _image_block(
        self, index: int, x: Array, condition: Array, text: Text, bias: Array
    ) -> Array:
        name = f"blocks.{index}."
        parts = np.split(self._linear(name + "ada", condition)[:, None], 6, -1)
        scale1, shift1, gate1, scale2, shift2, gate2 = parts
        query, key, value = self._heads(name, rms(x) * (1 + scale1) + shift1)
        key = np.concatenate([key, text.keys[index]], 2)
        value = np.concatenate([value, text.values[index]], 2)
        x = x + self._linear(name + "o", attend(query, key, value, bias)) * (1 + gate1)
        return x + self._feed_forward(name, rms(x) * (1 + scale2) + shift2) * (1 + gate2)


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


def _noise(seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((3, RES, RES), dtype=np.float32)
