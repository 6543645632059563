"""Pictures for measuring bytes and time, where no photographs may be shipped."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image


@cache
def photograph(seed: int, size: int = 1024) -> bytes:
    """A picture as hard to compress as a photograph: leaves of all sizes, texture, grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    out = np.full((size, size, 3), 128, np.float32)
    for _ in range(60):
        radius = min(8 / np.sqrt(rng.random() + 1e-4), size / 4)
        cx, cy = rng.integers(0, size, 2)
        leaf = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
        shade = 0.7 + 0.3 * (x[leaf] - cx + radius) / (2 * radius)
        out[leaf] = shade[:, None] * rng.integers(20, 235, 3)
    f = np.fft.fftfreq(size)
    far = np.hypot(f[:, None], f[None, :]) + (f[:, None] == f[None, :]) * 1e-3
    texture = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) / far**1.2).real
    out += 12 * (texture / texture.std())[..., None]
    out += 4 * rng.standard_normal((size, size, 1)) + 2 * rng.standard_normal((size, size, 3))
    data = io.BytesIO()
    Image.fromarray(np.clip(out, 0, 255).astype(np.uint8)).save(data, "PNG", compress_level=1)
    return data.getvalue()
