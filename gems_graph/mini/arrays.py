"""The few array functions of the `mini` generator's network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gems_graph.mini.world import GRID, PATCH, RES

Array = npt.NDArray[np.float32]


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


def convolve(x: Array, weight: Array, bias: Array, stride: int = 1) -> Array:
    """Convolve (B, H, W, C) with kernels (out, C, k, k), k odd, the border padded by zeros."""
    size = weight.shape[-1]
    edge = size // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (1, 2))
    windows = windows[:, ::stride, ::stride]
    rows = windows.reshape(-1, x.shape[-1] * size * size) @ weight.reshape(len(weight), -1).T
    convolved: Array = (rows + bias).reshape(*windows.shape[:3], len(weight))
    return convolved


def cut(x: Array) -> Array:
    """Cut pictures (B, 3, 96, 96) into one row of numbers a cell (B, 16, 1728)."""
    cells = x.reshape(-1, 3, GRID, PATCH, GRID, PATCH).transpose(0, 2, 4, 1, 3, 5)
    tokens: Array = cells.reshape(-1, GRID * GRID, 3 * PATCH * PATCH)
    return tokens


def join(x: Array) -> Array:
    """Put cells together again; undoes `cut`."""
    cells = x.reshape(-1, GRID, GRID, 3, PATCH, PATCH).transpose(0, 3, 1, 4, 2, 5)
    picture: Array = cells.reshape(-1, 3, RES, RES)
    return picture


def fold(x: Array) -> Array:
    """Fold two by two pixels of pictures (B, C, H, W) into channels: (B, H/2, W/2, C * 4)."""
    batch, channels, height, width = x.shape
    pairs = x.reshape(batch, channels, height // 2, 2, width // 2, 2).transpose(0, 2, 4, 1, 3, 5)
    folded: Array = pairs.reshape(batch, height // 2, width // 2, channels * 4)
    return folded


def unfold(x: Array) -> Array:
    """Unfold channels into pixels again; undoes `fold`."""
    batch, height, width, channels = x.shape
    pairs = x.reshape(batch, height, width, channels // 4, 2, 2).transpose(0, 3, 1, 4, 2, 5)
    picture: Array = pairs.reshape(batch, channels // 4, height * 2, width * 2)
    return picture
