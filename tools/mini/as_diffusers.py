"""Write the weights of `mini` as a folder that diffusers loads: model, scheduler, pipeline, code.

    python -m tools.mini.as_diffusers /models/mini
    GEMS_MODEL_CODE=/models/mini gems run "three red fish" --generator diffusers:/models/mini

The folder draws what `mini` draws, with torch. It needs the extra [diffusers].
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from gems_graph.mini.sampling import SHIFT, load_net
from tools.mini.mini_pipeline import MiniPipeline
from tools.mini.mini_transformer import MiniTransformer

HERE = Path(__file__).parent
CODE = {"mini_pipeline.py": ".", "mini_transformer.py": "transformer", "model.py": "transformer"}


def write(folder: Path) -> None:
    """Write the shipped weights, and all that is needed to draw with them, into a folder."""
    pipeline = MiniPipeline(transformer(), FlowMatchEulerDiscreteScheduler(shift=SHIFT))
    pipeline.save_pretrained(folder)
    for file, place in CODE.items():
        shutil.copyfile(HERE / file, folder / place / file)
    index = folder / "model_index.json"
    named = json.loads(index.read_text("utf-8"))
    named["_class_name"] = ["mini_pipeline", "MiniPipeline"]
    named["transformer"] = ["mini_transformer", "MiniTransformer"]
    index.write_text(json.dumps(named, indent=2) + "\n", "utf-8")


def transformer() -> MiniTransformer:
    """Return the network with the weights that the package ships, in single precision."""
    net, model = load_net(), MiniTransformer()
    weights = {f"net.{name}": torch.from_numpy(value) for name, value in net.parameters.items()}
    model.load_state_dict(weights)
    return model.eval()


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="to be made, or written over")
    folder = parser.parse_args().folder
    write(folder)
    print(f"{folder}: load it with --generator diffusers:{folder}")


if __name__ == "__main__":
    main()
