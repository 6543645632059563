"""The model, its optimisers and the running average that is shipped."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from tools.mini.model import TinyT2I
from tools.mini.muon import Muon, fastest_type

RATES = (3e-3, 2e-3)  # Muon, AdamW
COOL = 0.35  # share of the run in which the rates fall
AVERAGE = 0.998


class Batch(NamedTuple):
    """Clean pictures (B, 3, 96, 96) in -1..1, times (B,), tokens (B, L), noise, how many clear."""

    pictures: Tensor
    times: Tensor
    ids: Tensor
    noise: Tensor
    clear: int


class Trainer:
    """Takes optimiser steps and keeps the average of the weights."""

    def __init__(self, rate: float = 1.0, *, compiled: bool = True) -> None:
        self.rates = [rate * full for full in RATES]
        self.model = TinyT2I()
        named = dict(self.model.named_parameters())
        matrices = [value for name, value in named.items() if _for_muon(name, value)]
        chosen = set(map(id, matrices))
        self.rest = [value for value in named.values() if id(value) not in chosen]
        adam = torch.optim.AdamW(
            self.rest, lr=self.rates[1], weight_decay=0.0, betas=(0.9, 0.98), fused=True
        )
        self.optimisers: list[torch.optim.Optimizer] = [
            Muon(matrices, self.model.pos.shape[-1], self.rates[0]),
            adam,
        ]
        self.half = fastest_type() is torch.bfloat16
        self.average = {name: value.detach().clone() for name, value in named.items()}
        self.loss = torch.compile(self._loss, dynamic=False) if compiled else self._loss
        self.steps = 0

    def step(self, batch: Batch, done: float) -> float:
        """Take one step, `done` (0..1) of the way through the run; return the loss."""
        warm = min(1.0, (self.steps + 1) / 100)
        factor = warm * (1.0 if done < 1 - COOL else max(0.03, (1 - done) / COOL))
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
        loss = self.loss(*batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.rest, 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.model.zero_grad(set_to_none=True)
        self.steps += 1
        self._track()
        return float(loss.detach())

    def _loss(self, clean: Tensor, times: Tensor, ids: Tensor, noise: Tensor, clear: int) -> Tensor:
        moment = times.view(-1, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            guess = self.model(moment * clean + (1 - moment) * noise, times, ids, clear)
        error = (guess.float() - clean).square().mean((1, 2, 3))
        return (error / (1 - times).clamp(min=0.1) ** 2).mean()

    @torch.no_grad()
    def _track(self) -> None:
        keep = min(AVERAGE, (self.steps + 1) / (self.steps + 20))
        values = [value.detach() for value in self.model.parameters()]
        torch._foreach_lerp_(list(self.average.values()), values, 1 - keep)


def _for_muon(name: str, value: Tensor) -> bool:
    hidden = name.startswith(("blocks.", "txt."))
    return value.ndim == 2 and hidden and ".ada." not in name and not name.endswith(".g")
