"""Train the Verifier's reader on rendered scenes; three minutes on one core.

    python -m tools.mini.train_reader

Every pair of object and colour is shown, those held out of the generator's training too.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from gems_graph.mini import reader
from gems_graph.mini.artwork.backdrops import backdrop
from gems_graph.mini.artwork.render import Scene, render
from gems_graph.mini.reader import EMPTY, HEADS, KINDS, UNCLEAR
from gems_graph.mini.world import COLORS, PAIRS, SCENES, SIZES
from tools.mini.scenes import Mix, sample_scene

Cells = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
SHIPPED = Path(reader.__file__).with_name(reader.WEIGHTS)
SCENES_A_BATCH = 24
RATE = 2e-3
_MIX = Mix(pairs=PAIRS, sizes=(0.35, 0.4, 0.25))
_UNKNOWN = -1


class Reader(nn.Module):
    """Two convolutions over one cell, and a head for every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 20, 5, 2, 2)
        self.b = nn.Conv2d(20, 36, 3, 2, 1)
        self.c = nn.Linear(36 * 36, 128)
        self.d = nn.Linear(128, sum(HEADS))

    def forward(self, cells: Tensor) -> tuple[Tensor, ...]:
        """Score cells (N, 3, 24, 24) in -1..1."""
        x = functional.relu(self.b(functional.relu(self.a(cells))))
        scores: Tensor = self.d(functional.relu(self.c(x.flatten(1))))
        return scores.split(HEADS, -1)


def example(rng: random.Random, noise: np.random.Generator) -> tuple[Cells, Labels]:
    """Draw a scene's cells (16, 24, 24, 3) and what is true of each: object, colour, ..."""
    scene = sample_scene(rng, _MIX)
    cells = reader.cells_of(render(scene)).astype(np.float32)
    ground = reader.cells_of(backdrop(scene.backdrop, scene.mirrored))
    labels = _labels(scene)
    if rng.random() < 0.5:
        _damage(cells, ground, labels, rng, noise)
    return _worn(cells, rng, noise), labels


def _labels(scene: Scene) -> Labels:
    labels = np.full((16, len(HEADS)), _UNKNOWN, np.int64)
    labels[:, 0], labels[:, 4] = KINDS.index(EMPTY), SCENES.index(scene.backdrop)
    for group in scene.groups:
        what = (
            KINDS.index(group.object),
            list(COLORS).index(group.color),
            list(SIZES).index(group.size),
        )
        for column, row in group.cells:
            for quarter in range(group.span**2):
                cell = (row + quarter // 2) * 4 + column + quarter % 2
                labels[cell, :4] = (*what, quarter if group.span == 2 else _UNKNOWN)
    return labels


def _damage(
    cells: Cells, ground: Cells, labels: Labels, rng: random.Random, noise: np.random.Generator
) -> None:
    """Spoil a cell so that nobody could name what it shows."""
    full = [int(cell) for cell in np.flatnonzero(labels[:, 0] < KINDS.index(EMPTY))]
    cell, other = rng.choice(full), rng.choice(full)
    way = rng.randrange(5)
    if way == 0:
        share = rng.uniform(0.25, 0.55)
        cells[cell] = cells[cell] * share + ground[cell] * (1 - share)
    elif way == 1 and labels[cell, 0] != labels[other, 0]:
        cells[cell] = 0.5 * cells[cell] + 0.5 * cells[other]
    elif way == 2:
        for _ in range(12):
            cells[cell] = _blurred(cells[cell])
    elif way == 3:
        cells[cell] += noise.normal(0, rng.uniform(60, 120), cells[cell].shape)
    elif way == 4:
        cell = rng.randrange(16)
        coarse = noise.uniform(0, 255, (rng.choice((1, 3, 6)),) * 2 + (3,))
        side = 24 // len(coarse)
        cells[cell] = coarse.repeat(side, 0).repeat(side, 1)
    else:
        return
    labels[cell, :4] = (KINDS.index(UNCLEAR), *[_UNKNOWN] * 3)


def _worn(cells: Cells, rng: random.Random, noise: np.random.Generator) -> Cells:
    """Blur and stain cells as the generator does, without changing what they show."""
    if rng.random() < 0.5:
        cells = _blurred(cells)
    if rng.random() < 0.5:
        coarse = noise.normal(0, rng.uniform(0, 14), (16, 6, 6, 3))
        cells = cells + coarse.repeat(4, 1).repeat(4, 2)
    light = noise.normal(1, 0.03, (16, 1, 1, 1)) * cells + noise.normal(0, 3, (16, 1, 1, 3))
    worn = light + noise.normal(0, rng.uniform(0, 6), cells.shape)
    return np.clip(worn, 0, 255).astype(np.float32)


def _blurred(x: Cells) -> Cells:
    """Mix every inner pixel with its four neighbours; (..., 24, 24, 3)."""
    y = x.copy()
    sides = x[..., :-2, 1:-1, :] + x[..., 2:, 1:-1, :] + x[..., 1:-1, :-2, :] + x[..., 1:-1, 2:, :]
    y[..., 1:-1, 1:-1, :] = (2 * x[..., 1:-1, 1:-1, :] + sides) / 6
    return y


def loss_of(answers: tuple[Tensor, ...], labels: Tensor) -> Tensor:
    """Sum the losses of the answers; the scene is one answer of all sixteen cells."""
    total = torch.zeros(())
    for head in range(4):
        if (labels[:, head] >= 0).any():
            total = total + functional.cross_entropy(
                answers[head], labels[:, head], ignore_index=_UNKNOWN
            )
    scenes = answers[4].unflatten(0, (-1, 16)).sum(1)
    return total + 0.5 * functional.cross_entropy(scenes, labels[::16, 4])


def train(steps: int, seed: int) -> Reader:
    """Train for some steps; the same seed gives the same reader."""
    torch.manual_seed(seed)
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    net = Reader()
    optimiser = torch.optim.AdamW(net.parameters(), RATE)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * (1 - step / steps)
        pairs = [example(rng, noise) for _ in range(SCENES_A_BATCH)]
        cells, labels = (np.concatenate(part) for part in zip(*pairs, strict=True))
        pixels = torch.from_numpy(cells).permute(0, 3, 1, 2) / 127.5 - 1
        loss = loss_of(net(pixels), torch.from_numpy(labels))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {float(loss.detach()):.4f}", flush=True)
    return net


def main() -> None:
    """Read the command line, train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    torch.set_num_threads(1)
    net = train(options.steps, options.seed)
    weights = {name: value.half().numpy() for name, value in net.state_dict().items()}
    with options.out.open("wb") as file:
        np.savez(file, **weights)


if __name__ == "__main__":
    main()
