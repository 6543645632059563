"""Training of the offline generator, for seconds: it runs, learns a little, and exports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: make heavy")
pytest.importorskip("safetensors", reason="needs safetensors: make heavy")

ROOT = Path(__file__).parents[2]


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_short_training_run_exports_weights_that_draw(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run("tools.mini.train", "--minutes", "0.2", "--scenes", "400", "--batch", "16",
        "--every", "5", "--eval-n", "2", "--no-compile", "--out", str(out))  # fmt: skip
    weights = tmp_path / "weights.npz"
    run("tools.mini.export", str(out), "--out", str(weights))
    from gems_graph.mini.net import MiniNet

    with np.load(weights, allow_pickle=False) as archive:
        net = MiniNet({name: archive[name] for name in archive.files})
    picture = net.sample([["a", "red", "circle"]], [1])[0]
    assert picture.shape == (48, 48, 3)
    assert picture.dtype == np.uint8
