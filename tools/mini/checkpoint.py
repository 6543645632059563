"""Checkpoints of a training run: written whole or not at all, and read by a larger world too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from gems_graph.mini.words import VOCABULARY
from tools.mini.model import TinyT2I
from tools.mini.trainer import Trainer

_WINDOW = 100  # steps that a logged loss is the mean of


@dataclass
class Progress:
    """How long a run has trained, and its losses: (step, seconds, mean loss)."""

    seconds: float = 0.0
    log: list[tuple[int, int, float]] = field(default_factory=list)
    recent: list[float] = field(default_factory=list)

    def add(self, loss: float, step: int, seconds: float) -> None:
        """Count a step; every hundredth is logged and printed."""
        self.seconds += seconds
        self.recent.append(loss)
        if len(self.recent) == _WINDOW:
            mean = round(sum(self.recent) / _WINDOW, 4)
            self.log.append((step, round(self.seconds), mean))
            self.recent.clear()
            print(json.dumps({"step": step, "seconds": round(self.seconds), "loss": mean}),
                  flush=True)  # fmt: skip


def save(trainer: Trainer, progress: Progress, file: Path) -> None:
    """Write a checkpoint; the file is replaced at once, so a crash leaves the one before."""
    part = file.with_suffix(".part")
    state = {
        "vocabulary": VOCABULARY,
        "model": trainer.model.state_dict(),
        "average": trainer.average,
        "optimisers": [optimiser.state_dict() for optimiser in trainer.optimisers],
        "steps": trainer.steps,
        "seconds": progress.seconds,
        "log": progress.log,
    }
    torch.save(state, part)
    part.replace(file)


def load(trainer: Trainer, file: Path) -> Progress:
    """Take up a run.

    Words are matched by their spelling: a checkpoint of a smaller vocabulary goes on, and words
    or layers it lacks begin anew. Optimisers then begin anew too.
    """
    state = torch.load(file, weights_only=True)
    words = tuple(state["vocabulary"])
    whole = words == VOCABULARY and state["model"].keys() == trainer.model.state_dict().keys()
    trainer.model.load_state_dict(adapted(state["model"], words, trainer.model), strict=False)
    fresh = dict(trainer.model.named_parameters())
    for name, value in adapted(state["average"], words, trainer.model).items():
        trainer.average[name].copy_(value)
    for name in fresh.keys() - state["average"].keys():
        trainer.average[name].copy_(fresh[name].detach())
    if whole:
        pairs = zip(trainer.optimisers, state["optimisers"], strict=True)
        for optimiser, saved in pairs:
            optimiser.load_state_dict(saved)
    trainer.steps = state["steps"] if whole else 0
    return Progress(state["seconds"], [tuple(row) for row in state["log"]])


def adapted(weights: dict[str, Tensor], words: Sequence[str], model: TinyT2I) -> dict[str, Tensor]:
    """Move every known word's row to where this vocabulary has it; new words keep the model's."""
    rows = model.emb.weight.detach().clone()
    for number, word in enumerate(words):
        if word in VOCABULARY:
            rows[VOCABULARY.index(word)] = weights["emb.weight"][number]
    return {**weights, "emb.weight": rows}
