"""The small diffusion transformer of the `mini` generator, in plain NumPy.

Sixteen image tokens (one per 24-pixel cell) look at each other and at the words of the
prompt. The network predicts the clean picture from a noised one (flow matching,
x-prediction). Once the noise is low, a small convolution cleans up what single cells
cannot: edges and seams. PyTorch trains this network (`tools/mini/model.py`); at run time
NumPy is enough and starts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gems_graph.errors import ConfigError
from gems_graph.mini.arrays import (
    Array,
    attend,
    convolve,
    cut,
    fold,
    join,
    rms,
    silu,
    unfold,
)
from gems_graph.mini.words import PAD, VOCABULARY

CLEAR_FROM = 0.36
"""Time from which predictions are finished by the convolution; training begins at 0.35."""
WEIGHTS = "mini_weights.npz"
_MASKED = np.float32(-1e4)


@dataclass(frozen=True)
class Text:
    """The encoded prompts: keys and values per block (B, H, L, D), mask, pooled vector (B, C)."""

    keys: list[Array]
    values: list[Array]
    bias: Array
    pooled: Array

    def first(self, count: int) -> Text:
        """Return the first prompts alone."""
        keys, values = ([x[:count] for x in rows] for rows in (self.keys, self.values))
        return Text(keys, values, self.bias[:count], self.pooled[:count])


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

        Pictures are (B, 3, 96, 96) with values in about -1..1.
        """
        condition = silu(self._time_embedding(time) + self._linear("pool", text.pooled))
        hidden = self._linear("inp.1", self._linear("inp.0", cut(noised)))
        hidden = hidden + self.parameters["pos"]
        bias = np.pad(text.bias, ((0, 0), (0, 0), (0, 0), (hidden.shape[1], 0)))
        for index in range(self.depth):
            hidden = self._image_block(index, hidden, condition, text, bias)
        scale, shift = np.split(self._linear("fin", condition)[:, None], 2, -1)
        hidden = rms(hidden) * (1 + scale) + shift
        guess = join(self._linear("out.2", silu(self._linear("out.0", hidden))))
        return guess if time < CLEAR_FROM else self._finish(noised, guess, condition)

    def _finish(self, noised: Array, guess: Array, condition: Array) -> Array:
        """Clean up edges and seams of a prediction, beside the noised picture."""
        scale, shift = np.split(self._linear("finish.time", condition)[:, None, None], 2, -1)
        hidden = self._convolve("finish.a", fold(np.concatenate([noised, guess], 1)))
        hidden = np.maximum(hidden * (1 + scale) + shift, 0)
        hidden = np.maximum(self._convolve("finish.b", hidden), 0)
        return guess + unfold(self._convolve("finish.c", hidden))

    def _convolve(self, name: str, x: Array) -> Array:
        return convolve(x, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

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
