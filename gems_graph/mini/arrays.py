"""The few array functions of the `mini` generator's network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gems_graph.mini.words import GRID

Array = npt.NDArray[np.float32]
RES = 48
PATCH = RES // GRID


def rms(x: Array) -> Array:
    """Return rows of mean square one."""
    scale: Array = np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(1e-6))
    return np.divide(x, scale)


def silu(x: Array) -> Array:
    """Return x / (1 + exp(-x))."""
    gate: Array = 1 + np.exp(-x)
    return np.divide(x, gate)


def attend(query: Array, key: Array, value: Array, bias: Array) -> Array:
    """Mix values by the softmax of queries and keys, (B, H, L, D), into rows (B, L, H * D)."""
    scores = (query @ key.swapaxes(-1, -2)) * np.float32(query.shape[-1] ** -0.5) + bias
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = (weights / weights.sum(-1, keepdims=True)) @ value
    joined: Array = mixed.swapaxes(1, 2).reshape(mixed.shape[0], mixed.shape[2], -1)
    return joined


def cut(x: Array) -> Array:
    """Cut pictures (B, 3, 48, 48) into one row of numbers a cell (B, 16, 432)."""
    cells = x.reshape(-1, 3, GRID, PATCH, GRID, PATCH).transpose(0, 2, 4, 1, 3, 5)
    tokens: Array = cells.reshape(-1, GRID * GRID, 3 * PATCH * PATCH)
    return tokens


def join(x: Array) -> Array:
    """Put cells together again; undoes `cut`."""
    cells = x.reshape(-1, GRID, GRID, 3, PATCH, PATCH).transpose(0, 3, 1, 4, 2, 5)
    picture: Array = cells.reshape(-1, 3, RES, RES)
    return picture
