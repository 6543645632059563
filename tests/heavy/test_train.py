"""Training of the offline generator, for seconds: it runs, goes on, exports, and NumPy agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: make heavy")

ROOT = Path(__file__).parents[2]


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def train(out: Path, steps: int) -> None:
    run("tools.mini.train", "--steps", str(steps), "--batch", "16", "--no-compile",
        "--out", str(out))  # fmt: skip


def test_a_short_training_run_goes_on_and_exports_weights_that_draw(tmp_path: Path) -> None:
    import torch

    out, weights = tmp_path / "run", tmp_path / "weights.npz"
    train(out, 2)
    assert torch.load(out / "last.pt", weights_only=True)["steps"] == 2
    train(out, 3)
    assert torch.load(out / "last.pt", weights_only=True)["steps"] == 3
    run("tools.mini.polish", str(out), "--steps", "2", "--batch", "4")
    run("tools.mini.export", str(out), "--out", str(weights))
    from gems_graph.mini.net import MiniNet
    from gems_graph.mini.sampling import sample

    with np.load(weights, allow_pickle=False) as archive:
        net = MiniNet({name: archive[name] for name in archive.files})
    picture = sample(net, [["a", "red", "fish"]], [1])[0]
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("time", [0.1, 0.6])
def test_both_networks_predict_the_same(time: float) -> None:
    import torch

    from gems_graph.mini.net import CLEAR_FROM, MiniNet
    from gems_graph.mini.words import PAD, VOCABULARY, encode
    from tools.mini.model import TinyT2I

    torch.manual_seed(0)
    model = TinyT2I()
    for value in model.parameters():  # whatever begins as zero must count as well
        value.data += 0.02 * torch.randn(value.shape)
    extra = {"heads": np.array(model.heads), "vocabulary": np.array(VOCABULARY)}
    net = MiniNet({**{k: v.detach().numpy() for k, v in model.named_parameters()}, **extra})
    rows = [encode(["two", "red", "fish", "at", "a1", "b2", "."]), encode(["a", "cup"])]
    x = np.random.default_rng(0).standard_normal((2, 3, 96, 96), dtype=np.float32)
    ids = torch.tensor([row + [PAD] * (7 - len(row)) for row in rows])
    with torch.no_grad():
        clear = 2 if time >= CLEAR_FROM else 0
        want = model(torch.from_numpy(x), torch.full((2,), time), ids, clear).numpy()
    assert np.abs(net.denoise(x, time, net.read(rows)) - want).max() < 1e-3


def test_a_checkpoint_of_a_smaller_vocabulary_goes_on(tmp_path: Path) -> None:
    import torch

    from gems_graph.mini.words import VOCABULARY
    from tools.mini.checkpoint import Progress, load, save
    from tools.mini.trainer import Trainer

    first, file = Trainer(compiled=False), tmp_path / "last.pt"
    save(first, Progress(), file)
    state = torch.load(file, weights_only=True)
    without = [word for word in VOCABULARY if word != "snail"]
    keep = [VOCABULARY.index(word) for word in without]
    for part in ("model", "average"):
        state[part]["emb.weight"] = state[part]["emb.weight"][keep]
    torch.save({**state, "vocabulary": without}, file)
    second = Trainer(compiled=False)
    load(second, file)
    rows = first.average["emb.weight"], second.average["emb.weight"]
    same = [bool((a == b).all()) for a, b in zip(*rows, strict=True)]
    assert [w for w, known in zip(VOCABULARY, same, strict=True) if not known] == ["snail"]


def test_the_reader_trains_and_is_written(tmp_path: Path) -> None:
    run("tools.mini.train_reader", "--steps", "2", "--out", str(tmp_path / "reader.npz"))
    with np.load(tmp_path / "reader.npz") as archive:
        shapes = {name: archive[name].shape for name in archive.files}
    from gems_graph.mini.reader import HEADS

    assert shapes["d.weight"][0] == sum(HEADS)
