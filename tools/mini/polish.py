"""Train the finishing convolution alone, on pictures the generator is about to finish itself.

    python -m tools.mini.polish runs/mini --steps 1500

The network is trained on noised clean pictures; while it draws, it sees pictures that carry its
own slips. Here it walks some steps of the sampler from a noised picture, and the convolution
learns to put right what is off then. All other weights stay as they are.
"""

from __future__ import annotations

import argparse
import itertools
import random
from pathlib import Path

import torch
from torch import Tensor

from gems_graph.mini.net import CLEAR_FROM
from gems_graph.mini.sampling import STEPS, times
from tools.mini.checkpoint import adapted
from tools.mini.model import TinyT2I
from tools.mini.scenes import Mix
from tools.mini.train import SHORT, drawn

RATE = 2e-3
AVERAGE = 0.995
_START = 0.2  # time at which a walk begins: the layout is settled


def walked(
    model: TinyT2I, clean: Tensor, ids: Tensor, noise: Tensor, rng: random.Random
) -> tuple[Tensor, float]:
    """Noise pictures and walk some steps of the sampler; return where that leads, and the time."""
    walk = [time for time in times(STEPS)[:-1] if time >= _START]
    goal = rng.choice([time for time in walk if time >= CLEAR_FROM])
    start = rng.choice([time for time in walk if time <= goal])
    picture = start * clean + (1 - start) * noise
    for now, later in itertools.pairwise(time for time in walk if start <= time <= goal):
        guess = predict(model, picture, now, ids)
        picture = picture + (guess - picture) * ((later - now) / (1 - now))
    return picture, goal


def predict(model: TinyT2I, picture: Tensor, time: float, ids: Tensor) -> Tensor:
    """Predict the clean pictures at one time, finished where the sampler would finish them."""
    count = len(picture)
    with torch.autocast("cpu", torch.bfloat16):
        guess = model(picture, torch.full((count,), time), ids, count * (time >= CLEAR_FROM))
    return guess.float()


def polish(model: TinyT2I, steps: int, size: int, seed: int) -> None:
    """Train the convolution of a model in place; it ends as the average of its last states."""
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    model.requires_grad_(False).finish.requires_grad_(True)
    named = dict(model.finish.named_parameters())
    optimiser = torch.optim.AdamW(named.values(), RATE, weight_decay=0.0)
    average = {name: value.detach().clone() for name, value in named.items()}
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * (1 - step / steps)
        loss = _loss(model, size, rng, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        keep = min(AVERAGE, (step + 1) / (step + 20))
        for name, value in named.items():
            average[name].lerp_(value.detach(), 1 - keep)
        if step % 50 == 49:
            print(f"step {step + 1}: loss {float(loss.detach()):.4f}", flush=True)
    model.finish.load_state_dict(average)


def _loss(model: TinyT2I, size: int, rng: random.Random, generator: torch.Generator) -> Tensor:
    clean, ids = drawn(size, SHORT, rng, Mix())
    noise = torch.randn(clean.shape, generator=generator)
    with torch.no_grad():
        picture, time = walked(model, clean, ids, noise, rng)
    return (predict(model, picture, time, ids) - clean).abs().mean()


def main() -> None:
    """Read the command line, polish, and write the checkpoint anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder written by tools.mini.train")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    file = options.run / "last.pt"
    state = torch.load(file, weights_only=True)
    model = TinyT2I()
    model.load_state_dict(adapted(state["average"], state["vocabulary"], model), strict=False)
    polish(model, options.steps, options.batch, options.seed)
    for name, value in model.finish.state_dict().items():
        state["average"][f"finish.{name}"] = value
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


if __name__ == "__main__":
    main()
