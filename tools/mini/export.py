"""Turn a training run into the weights file the package ships.

python -m tools.mini.export runs/mini
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from gems_graph.mini import net as _mini_net

SHIPPED = Path(_mini_net.__file__).with_name(_mini_net.WEIGHTS)
MAX_BYTES = 13_000_000


def export(run: Path, out: Path) -> int:
    """Write the weights in `run` to `out` as half-precision arrays; return the bytes written.

    The vocabulary travels with the weights, so that a later change of the words
    is caught when they are loaded instead of drawing nonsense.
    """
    config = json.loads((run / "config.json").read_text())
    vocabulary = json.loads((run / "vocab.json").read_text())["vocab"]
    tensors = load_file(run / "model.safetensors")
    arrays = {name: value.astype(np.float16) for name, value in sorted(tensors.items())}
    with out.open("wb") as file:
        np.savez(
            file,
            heads=np.int64(config["heads"]),
            vocabulary=np.array(vocabulary),
            **arrays,
        )
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
