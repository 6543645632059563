"""Train the small text-to-image model on the CPU; the defaults are the shipped run.

python -m tools.mini.train --minutes 31 --out runs/mini
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import Tensor

from gems_graph.mini.net import MiniNet
from gems_graph.mini.words import MAX_TOKENS, NULL, PAD, VOCABULARY
from tools.mini import captions
from tools.mini.evaluate import quick
from tools.mini.model import TinyT2I
from tools.mini.muon import Muon, fastest_type
from tools.mini.scenes import RES, render, sample_scene

LEVEL_SHARES = (0.3, 0.15, 0.3, 0.25)
RATES = (3e-3, 2e-3)  # Muon, AdamW
COOL = 0.35  # share of the run in which the rates fall
SHARDS = 20


def make_shard(job: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Draw scenes with a caption at every level: pictures (N, 3, 48, 48), tokens (N, 4, 40)."""
    seed, count = job
    rng = random.Random(seed)
    pictures = np.empty((count, 3, RES, RES), np.uint8)
    tokens = np.zeros((count, len(captions.LEVELS), MAX_TOKENS), np.uint8)
    for index in range(count):
        scene = sample_scene(rng)
        pictures[index] = render(scene, rng).transpose(2, 0, 1)
        for number, level in enumerate(captions.LEVELS):
            tokens[index, number] = captions.padded(captions.caption(scene, level, rng, train=True))
    return pictures, tokens


@dataclass
class Data:
    """All training pictures and captions, and the order they are drawn in."""

    pictures: Tensor
    tokens: Tensor
    rng: torch.Generator

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield clean pictures in -1..1, times, and token ids; some prompts are dropped."""
        shares = torch.tensor(LEVEL_SHARES)
        while True:
            index = torch.randint(0, len(self.pictures), (size,), generator=self.rng)
            level = torch.multinomial(shares, size, True, generator=self.rng)
            ids = self.tokens[index, level].long()
            dropped = torch.rand(size, generator=self.rng) < 0.1
            ids[dropped] = PAD
            ids[dropped, 0] = NULL
            times = torch.sigmoid(torch.randn(size, generator=self.rng) * 1.2 - 1.5)
            yield self.pictures[index].float() / 127.5 - 1, times, ids


class Trainer:
    """The model, its optimisers and the running average that is shipped."""

    def __init__(self, average: float = 0.998, *, compiled: bool = True) -> None:
        self.model = TinyT2I()
        named = dict(self.model.named_parameters())
        matrices = [value for name, value in named.items() if _for_muon(name, value)]
        chosen = set(map(id, matrices))
        self.rest = [value for value in named.values() if id(value) not in chosen]
        self.optimisers: list[torch.optim.Optimizer] = [
            Muon(matrices, self.model.pos.shape[-1], RATES[0]),
            torch.optim.AdamW(
                self.rest, lr=RATES[1], weight_decay=0.0, betas=(0.9, 0.98), fused=True
            ),
        ]
        self.average = average
        self.half = fastest_type() is torch.bfloat16
        self.ema = {name: value.detach().clone() for name, value in named.items()}
        self.loss = torch.compile(self._loss) if compiled else self._loss
        self.steps = 0

    def step(self, batch: tuple[Tensor, Tensor, Tensor], done: float) -> float:
        """Take one step, `done` (0..1) of the way through the run; return the loss."""
        warm = min(1.0, (self.steps + 1) / 100)
        factor = warm * (1.0 if done < 1 - COOL else max(0.03, (1 - done) / COOL))
        for optimiser, rate in zip(self.optimisers, RATES, strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
        clean, times, ids = batch
        loss = self.loss(clean, times, ids, torch.randn_like(clean))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.rest, 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.model.zero_grad(set_to_none=True)
        self.steps += 1
        self._track()
        return float(loss.detach())

    def net(self) -> MiniNet:
        """Return the averaged weights as the NumPy network that is shipped."""
        arrays = {name: value.numpy() for name, value in self.ema.items()}
        extra = {"heads": np.array(self.model.heads), "vocabulary": np.array(VOCABULARY)}
        return MiniNet({**arrays, **extra})

    def save(self, out: Path) -> None:
        """Write the averaged weights in half precision, and what is needed to read them."""
        half = {name: value.half().contiguous() for name, value in self.ema.items()}
        save_file(half, out / "model.safetensors")
        (out / "config.json").write_text(json.dumps({"heads": self.model.heads}))
        (out / "vocab.json").write_text(json.dumps({"vocab": VOCABULARY}))

    def _loss(self, clean: Tensor, times: Tensor, ids: Tensor, noise: Tensor) -> Tensor:
        time_ = times.view(-1, 1, 1, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            guess = self.model(time_ * clean + (1 - time_) * noise, times, ids)
        error = (guess.float() - clean).square().mean((1, 2, 3))
        return (error / (1 - times).clamp(min=0.1) ** 2).mean()

    @torch.no_grad()
    def _track(self) -> None:
        keep = min(self.average, (self.steps + 1) / (self.steps + 20))
        values = [value.detach() for value in self.model.parameters()]
        torch._foreach_lerp_(list(self.ema.values()), values, 1 - keep)


def load_data(scenes: int, workers: int, seed: int) -> Data:
    """Draw the training scenes in parallel."""
    jobs = [(1000 + shard, scenes // SHARDS) for shard in range(SHARDS)]
    with Pool(workers) as pool:
        parts = pool.map(make_shard, jobs, chunksize=1)
    pictures, tokens = (np.concatenate(part) for part in zip(*parts, strict=True))
    rng = torch.Generator().manual_seed(seed + 1)
    return Data(torch.from_numpy(pictures), torch.from_numpy(tokens), rng)


def train(options: argparse.Namespace) -> None:
    """Train for the given minutes, measuring and saving now and then."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    data = load_data(options.scenes, options.threads, options.seed)
    print(f"{len(data.pictures)} scenes drawn; computing in {fastest_type()}", flush=True)
    trainer = Trainer(compiled=not options.no_compile)
    log = _Log(options.out / "log.json")
    spent, total, tick = 0.0, options.minutes * 60, time.monotonic()
    next_look = options.every * 60
    for batch in data.batches(options.batch):
        log.add(trainer.step(batch, spent / total), trainer.steps, spent)
        if trainer.steps > 2:  # compiling is not training
            spent += time.monotonic() - tick
        if spent >= min(next_look, total):
            next_look += options.every * 60
            trainer.save(options.out)
            log.look(quick(trainer.net(), options.eval_n), trainer.steps, spent)
        if spent >= total:
            return
        tick = time.monotonic()


class _Log:
    """Losses and measurements of a run, printed and kept as JSON."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.losses: list[float] = []
        self.data: dict[str, list[dict[str, object]]] = {"log": [], "evals": []}

    def add(self, loss: float, step: int, seconds: float) -> None:
        self.losses.append(loss)
        if len(self.losses) == 100:
            mean = round(float(np.mean(self.losses)), 4)
            self._write("log", {"step": step, "train_s": round(seconds), "loss": mean})
            self.losses.clear()

    def look(self, figures: dict[str, float], step: int, seconds: float) -> None:
        self._write("evals", {"step": step, "train_s": round(seconds), **figures})

    def _write(self, kind: str, row: dict[str, object]) -> None:
        self.data[kind].append(row)
        self.path.write_text(json.dumps(self.data))
        print(row, flush=True)


def _for_muon(name: str, value: Tensor) -> bool:
    hidden = name.startswith(("blocks.", "txt."))
    return value.ndim == 2 and hidden and ".ada." not in name and not name.endswith(".g")


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=31.0, help="training time, compile apart")
    parser.add_argument("--out", type=Path, default=Path("runs/mini"))
    parser.add_argument("--scenes", type=int, default=300_000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=float, default=4.0, help="minutes between measurements")
    parser.add_argument("--eval-n", type=int, default=64)
    parser.add_argument("--no-compile", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
