"""The network of the generator `mini` in PyTorch, for training.

`gems_graph/mini/net.py` is the same network in NumPy; parameter
names agree, so weights move from here to there by name.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gems_graph.mini.words import MAX_TOKENS, PAD, VOCABULARY
from gems_graph.mini.world import GRID, PATCH, RES


def rms(x: Tensor) -> Tensor:
    """Scale vectors to unit root mean square."""
    return x * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + 1e-6).to(x.dtype)


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Attend with scores in full precision."""
    scores = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5 + bias
    return scores.softmax(-1).to(value.dtype) @ value


class Block(nn.Module):
    """A transformer block; with `image` it also sees the text and is modulated by the time."""

    def __init__(self, width: int, heads: int, mult: int, *, image: bool) -> None:
        super().__init__()
        self.heads, self.image = heads, image
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.a, self.b = nn.Linear(width, mult * width), nn.Linear(mult * width, width)
        self.g = nn.Parameter(torch.ones(2, width // heads))
        if image:
            self.tkv = nn.Linear(width, 2 * width, bias=False)
            self.ada = nn.Linear(width, 6 * width)
            nn.init.zeros_(self.ada.weight)
            nn.init.zeros_(self.ada.bias)

    def forward(
        self, x: Tensor, bias: Tensor, condition: Tensor | None = None, text: Tensor | None = None
    ) -> Tensor:
        """Update tokens (B, N, C); image blocks take `condition` (B, C) and `text` (B, L, C)."""
        if condition is None or text is None:
            x = x + self._mix(rms(x), bias, None)
            return x + self._feed_forward(rms(x))
        scale1, shift1, gate1, scale2, shift2, gate2 = self.ada(condition)[:, None].chunk(6, -1)
        x = x + self._mix(rms(x) * (1 + scale1) + shift1, bias, text) * (1 + gate1)
        return x + self._feed_forward(rms(x) * (1 + scale2) + shift2) * (1 + gate2)

    def _mix(self, x: Tensor, bias: Tensor, text: Tensor | None) -> Tensor:
        query, key, value = self.qkv(x).chunk(3, -1)
        if text is not None:
            text_key, text_value = self.tkv(text).chunk(2, -1)
            key, value = torch.cat([key, text_key], 1), torch.cat([value, text_value], 1)
        query, key, value = map(self._split, (query, key, value))
        query = rms(query) * self.g[0].to(query.dtype)
        key = rms(key) * self.g[1].to(key.dtype)
        mixed: Tensor = self.o(attend(query, key, value, bias).transpose(1, 2).flatten(2))
        return mixed

    def _feed_forward(self, x: Tensor) -> Tensor:
        fed: Tensor = self.b(functional.relu(self.a(x)).square())
        return fed

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Finish(nn.Module):
    """A small convolution that cleans up what single cells cannot: edges, and seams between cells.

    It sees the noised picture beside the prediction, so it helps where the noise is low.
    """

    def __init__(self, width: int, hidden: int = 48) -> None:
        super().__init__()
        self.time = nn.Linear(width, 2 * hidden)
        self.a = nn.Conv2d(24, hidden, 3, padding=1)
        self.b = nn.Conv2d(hidden, hidden, 3, padding=1)
        self.c = nn.Conv2d(hidden, 12, 3, padding=1)
        for layer in (self.time, self.c):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noised: Tensor, guess: Tensor, condition: Tensor) -> Tensor:
        """Correct a prediction (B, 3, H, W) at a `condition` (B, C)."""
        scale, shift = self.time(condition)[:, :, None, None].chunk(2, 1)
        seen = functional.pixel_unshuffle(torch.cat([noised, guess], 1), 2)
        hidden = functional.relu(self.a(seen) * (1 + scale) + shift)
        correction: Tensor = self.c(functional.relu(self.b(hidden)))
        return guess + functional.pixel_shuffle(correction, 2)


class TinyT2I(nn.Module):
    """Text-conditional x-prediction flow matching on the 16 cells of a 96-pixel picture."""

    def __init__(
        self,
        width: int = 192,
        depth: int = 6,
        heads: int = 3,
        text_depth: int = 2,
        neck: int = 128,
    ) -> None:
        super().__init__()
        self.heads = heads
        cell = 3 * PATCH * PATCH
        self.emb = nn.Embedding(len(VOCABULARY), width)
        self.tpos = nn.Parameter(torch.randn(1, MAX_TOKENS, width) * 0.05)
        self.txt = nn.ModuleList(Block(width, heads, 2, image=False) for _ in range(text_depth))
        self.inp = nn.Sequential(nn.Linear(cell, neck, bias=False), nn.Linear(neck, width))
        self.pos = nn.Parameter(torch.randn(1, GRID * GRID, width) * 0.5)
        self.te = nn.Sequential(nn.Linear(128, width), nn.SiLU(), nn.Linear(width, width))
        self.pool = nn.Linear(width, width)
        self.blocks = nn.ModuleList(Block(width, heads, 4, image=True) for _ in range(depth))
        self.fin = nn.Linear(width, 2 * width)
        self.out = nn.Sequential(nn.Linear(width, 3 * width), nn.SiLU(), nn.Linear(3 * width, cell))
        self.finish = Finish(width)
        self._initialise(depth)

    def forward(self, x: Tensor, time: Tensor, ids: Tensor, clear: int = 0) -> Tensor:
        """Predict clean pictures (B, 3, 96, 96) from noised ones.

        Args:
            x: the noised pictures.
            time: 0 is noise and 1 the picture, (B,).
            ids: the tokens of the prompts, (B, L).
            clear: how many of the first pictures have little noise and are finished.
        """
        text, text_bias, pooled = self._read(ids)
        condition = functional.silu(self.te(_wave(time)) + self.pool(pooled))
        hidden = self.inp(_cut(x)) + self.pos
        bias = functional.pad(text_bias, (hidden.shape[1], 0))
        for block in self.blocks:
            hidden = block(hidden, bias, condition, text)
        scale, shift = self.fin(condition)[:, None].chunk(2, -1)
        guess = _join(self.out(rms(hidden) * (1 + scale) + shift))
        if not clear:
            return guess
        finished = self.finish(x[:clear], guess[:clear], condition[:clear])
        return torch.cat([finished, guess[clear:]])

    def _read(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        known = ids != PAD
        bias = torch.where(known, 0.0, -1e4)[:, None, None, :]
        hidden = self.emb(ids) + self.tpos[:, : ids.shape[1]]
        for block in self.txt:
            hidden = block(hidden, bias)
        hidden = rms(hidden)
        weight = known.to(hidden.dtype)[..., None]
        return hidden, bias, (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)

    def _initialise(self, depth: int) -> None:
        nn.init.normal_(self.emb.weight, std=0.1)
        for layer in (self.fin, self.out[2]):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.fin.bias)
        for block in [*self.txt, *self.blocks]:
            for layer in (block.o, block.b):
                nn.init.normal_(layer.weight, std=0.02 / math.sqrt(2 * depth))


def _wave(time: Tensor) -> Tensor:
    rates = torch.exp(-math.log(1e3) * torch.arange(64, device=time.device) / 64)
    angle = time[:, None] * 100 * rates
    return torch.cat([angle.cos(), angle.sin()], -1)


def _cut(x: Tensor) -> Tensor:
    cells = x.view(-1, 3, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 1, 3, 5)
    return cells.reshape(-1, GRID * GRID, 3 * PATCH * PATCH)


def _join(x: Tensor) -> Tensor:
    cells = x.view(-1, GRID, GRID, 3, PATCH, PATCH).permute(0, 3, 1, 4, 2, 5)
    return cells.reshape(-1, 3, RES, RES)
