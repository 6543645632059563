"""Turn a training run into the weights file the package ships.

python -m tools.mini.export runs/mini
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from gems_graph.mini import net as _mini_net

SHIPPED = Path(_mini_net.__file__).with_name(_mini_net.WEIGHTS)
MAX_BYTES = 16_000_000
HEADS = 3


def export(run: Path, out: Path) -> int:
    """Write the average weights in `run` to `out` in half precision; return the bytes written.

    The vocabulary travels with the weights, so that a later change of the words
    is caught when they are loaded instead of drawing nonsense.
    """
    state = torch.load(run / "last.pt", weights_only=True)
    arrays = {name: value.half().numpy() for name, value in sorted(state["average"].items())}
    vocabulary = np.array(state["vocabulary"])
    with out.open("wb") as file:
        np.savez(file, heads=np.int64(HEADS), vocabulary=vocabulary, **arrays)
    size = out.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f"{out} has {size} bytes; at most {MAX_BYTES} may be shipped")
    return size


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder written by tools.mini.train")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    size = export(options.run, options.out)
    print(f"{options.out}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
