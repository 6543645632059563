"""The Muon optimiser, batched over equal matrices so that it is cheap on a CPU."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


@functools.cache
def fastest_type() -> torch.dtype:
    """Return the faster of bfloat16 and float32 for products on this processor.

    Without bfloat16 instructions the shorter type is many times slower, so it is timed once.
    """
    seconds = {}
    for dtype in (torch.bfloat16, torch.float32):
        x = torch.randn(6, 192, 192).to(dtype)
        x @ x
        start = time.perf_counter()
        for _ in range(5):
            x @ x
        seconds[dtype] = time.perf_counter() - start
    return min(seconds, key=lambda dtype: seconds[dtype])


class Part(NamedTuple):
    """A wide slice of an update, the parameter it is for, and whether it was turned."""

    update: Tensor
    target: Tensor
    turned: bool


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix updates are made nearly orthogonal before they are applied.

    Stacked square projections (query, key, value) are handled one by one;
    matrices of equal shape from all layers share one batched product.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        width: int,
        lr: float,
        momentum: float = 0.95,
        decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})
        self.width = width

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Apply one update."""
        for group in self.param_groups:
            for parts in self._by_shape(group["params"], group["momentum"]).values():
                _apply(parts, group["lr"], group["decay"])

    def _by_shape(self, params: list[Tensor], momentum: float) -> dict[tuple[int, ...], list[Part]]:
        shapes: dict[tuple[int, ...], list[Part]] = defaultdict(list)
        for param in params:
            if param.grad is None:
                continue
            state = self.state[param]
            mean = state.setdefault("mean", torch.zeros_like(param))
            mean.mul_(momentum).add_(param.grad, alpha=1 - momentum)
            update = param.grad.lerp(mean, momentum)
            for part, target in self._pieces(update, param):
                turned = part.shape[0] > part.shape[1]
                wide = part.T if turned else part
                shapes[tuple(wide.shape)].append(Part(wide, target, turned))
        return shapes

    def _pieces(self, update: Tensor, param: Tensor) -> list[tuple[Tensor, Tensor]]:
        rows, columns = update.shape
        stacked = rows % self.width == 0 and columns == self.width and rows < 4 * self.width
        if not stacked:
            return [(update, param)]
        return list(zip(update.split(self.width), param.split(self.width), strict=True))


def _apply(parts: list[Part], rate: float, decay: float) -> None:
    updates = _orthogonal(torch.stack([part.update for part in parts]))
    scale = 0.2 * max(updates.shape[1:]) ** 0.5
    for update, part in zip(updates, parts, strict=True):
        part.target.mul_(1 - rate * decay)
        part.target.add_(update.T if part.turned else update, alpha=-rate * scale)


def _orthogonal(x: Tensor, rounds: int = 5) -> Tensor:
    """Push all singular values towards one by Newton-Schulz iteration."""
    x = x.to(fastest_type())
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).to(x.dtype)
    for _ in range(rounds):
        gram = x @ x.mT
        poly = torch.baddbmm(gram, gram, gram, beta=-4.775, alpha=2.0315)
        x = torch.baddbmm(x, poly, x, beta=3.4445)
    return x.float()
