"""Train the small text-to-image model on the CPU; the defaults are the shipped run.

    python -m tools.mini.train --steps 16000 --out runs/mini

Every batch is drawn anew and nothing is stored. A run that was stopped goes on from its last
checkpoint when the same command is given again.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gems_graph.mini.artwork.render import render
from gems_graph.mini.words import MAX_TOKENS, NULL, PAD, encode
from gems_graph.mini.world import RES
from tools.mini import captions
from tools.mini.checkpoint import Progress, load, save
from tools.mini.scenes import Mix, sample_scene
from tools.mini.trainer import Batch, Trainer

SHORT = 24
"""Tokens that most captions need; batches of shorter ones cost less."""
SHORT_SHARE = 0.65
CLEAR_SHARE = 0.25
"""Share of pictures with little noise, on which edges and surfaces are learned."""


def batches(size: int, seed: int, mix: Mix) -> Iterator[Batch]:
    """Yield batches without end; the same seed gives the same ones."""
    rng = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    while True:
        length = SHORT if rng.random() < SHORT_SHARE else MAX_TOKENS
        pictures, ids = drawn(size, length, rng, mix)
        yield Batch(
            pictures, _times(size, generator), ids, _noise(pictures, generator), _clear(size)
        )


def drawn(size: int, length: int, rng: random.Random, mix: Mix) -> tuple[Tensor, Tensor]:
    """Draw clean pictures (B, 3, 96, 96) in -1..1 and their tokens (B, L)."""
    pictures = np.empty((size, RES, RES, 3), np.uint8)
    ids = np.full((size, length), PAD, np.int64)
    for index in range(size):
        pictures[index], tokens = _example(length, rng, mix)
        if rng.random() < 0.1:
            tokens = [NULL]
        ids[index, : len(tokens)] = tokens
    clean = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return clean, torch.from_numpy(ids)


def _example(length: int, rng: random.Random, mix: Mix) -> tuple[np.ndarray, list[int]]:
    """Draw a scene whose caption fits the length: its pixels and tokens."""
    while True:
        scene = sample_scene(rng, mix)
        level = rng.choices(captions.LEVELS, captions.LEVEL_SHARES)[0]
        words = captions.caption(scene, level, rng).split()
        if len(words) <= length:
            return render(scene), encode(words)


def _times(size: int, generator: torch.Generator) -> Tensor:
    """Draw times; the first ones of a batch have little noise."""
    clear = _clear(size)
    late = 0.35 + 0.64 * torch.rand(clear, generator=generator)
    early = torch.sigmoid(torch.randn(size - clear, generator=generator) * 1.2 - 2.2)
    return torch.cat([late, early])


def _clear(size: int) -> int:
    return int(size * CLEAR_SHARE)


def _noise(pictures: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(pictures.shape, generator=generator)


def train(options: argparse.Namespace) -> None:
    """Train until the given step, saving now and then."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(options.rate, compiled=not options.no_compile)
    file = options.out / "last.pt"
    progress = load(trainer, file) if file.exists() else Progress()
    tick, next_save = time.monotonic(), progress.seconds + options.every * 60
    for batch in batches(options.batch, options.seed + 7919 * trainer.steps, Mix()):
        loss = trainer.step(batch, trainer.steps / options.steps)
        progress.add(loss, trainer.steps, time.monotonic() - tick)
        tick = time.monotonic()
        if progress.seconds >= next_save or trainer.steps >= options.steps:
            next_save = progress.seconds + options.every * 60
            save(trainer, progress, file)
        if trainer.steps >= options.steps:
            return


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=16_000, help="where the run ends")
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument("--out", type=Path, default=Path("runs/mini"))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=float, default=3.0, help="minutes between checkpoints")
    parser.add_argument("--no-compile", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
