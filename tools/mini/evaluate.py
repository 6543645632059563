"""Measure the shipped sampler on held-out scenes: one seed, several seeds, several wordings.

    python -m tools.mini.evaluate --n 200 --seeds 5 --out eval.json

The same scenes and seeds are used for every wording, so differences are paired.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gems_graph.mini.generator import one_thread
from gems_graph.mini.net import MiniNet, Pixels, load_net
from tools.mini import captions
from tools.mini.checker import ATOMS, TERSE_ATOMS, check
from tools.mini.scenes import Scene, held_out

Flags = npt.NDArray[np.bool_]
Results = list[dict[str, bool]]
Wording = Callable[[Scene, random.Random], str]

MAIN = ("terse", "explicit", "coords")
BATCH = 25


def only(*details: str) -> Wording:
    """Word a scene explicitly with just these details."""
    return lambda scene, rng: captions.explicit(scene, rng, lambda detail: detail in details)


WORDINGS: dict[str, Wording] = {
    "terse": captions.terse,
    "terse+exactly": lambda scene, rng: captions.terse(scene, rng, "exactly "),
    "placed": captions.placed,
    "look (size+background)": only("size", "background"),
    "region+exactly": only("region", "exactly"),
    "region+exactly+arrangement": only("region", "exactly", "arrangement"),
    "explicit": captions.explicit,
    "coords": captions.coords,
}


def draw(net: MiniNet, prompts: Sequence[str], seeds: Sequence[int]) -> Pixels:
    """Draw one picture per prompt, (N, 48, 48, 3), in batches that stay in the cache."""
    parts = []
    with one_thread():
        for start in range(0, len(prompts), BATCH):
            words = [prompt.split() for prompt in prompts[start : start + BATCH]]
            parts.append(net.sample(words, seeds[start : start + BATCH]))
    return np.concatenate(parts)


def word(scenes: Sequence[Scene], wording: str) -> list[str]:
    """Word every scene; a scene's random choices do not depend on the wording."""
    return [
        WORDINGS[wording](scene, random.Random(9000 + number))
        for number, scene in enumerate(scenes)
    ]


def judge(net: MiniNet, scenes: Sequence[Scene], wording: str, round_: int = 0) -> Results:
    """Draw and check every scene once, with the seeds of that round."""
    seeds = [100_000 * round_ + number for number in range(len(scenes))]
    pictures = draw(net, word(scenes, wording), seeds)
    return [check(scene, picture) for scene, picture in zip(scenes, pictures, strict=True)]


def quick(net: MiniNet, count: int) -> dict[str, float]:
    """Share of fully right pictures per main wording, for a look during training."""
    scenes = held_out(count)
    return {name: _share(judge(net, scenes, name), "full") for name in MAIN}


def interval(values: npt.ArrayLike, rounds: int = 10_000) -> list[float]:
    """Mean and its 95 % bootstrap interval over scenes."""
    data = np.asarray(values, float)
    picks = np.random.default_rng(0).integers(0, len(data), (rounds, len(data)))
    means = data[picks].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return [round(float(value), 3) for value in (data.mean(), low, high)]


def evaluate(net: MiniNet, count: int, seeds: int) -> dict[str, Any]:
    """Measure all wordings; the main ones with several seeds."""
    scenes = held_out(count)
    results = {
        name: [judge(net, scenes, name, round_) for round_ in range(seeds if name in MAIN else 1)]
        for name in WORDINGS
    }
    base = _full(results["terse"])[0]
    return {
        "n": count,
        "seeds": seeds,
        "wordings": {name: _figures(rounds, scenes) for name, rounds in results.items()},
        "minus terse, same seed": {
            name: interval(_full(rounds)[0].astype(float) - base)
            for name, rounds in results.items()
            if name != "terse"
        },
        "repair of failed terse pictures": _repair(results),
    }


def _figures(rounds: list[Results], scenes: Sequence[Scene]) -> dict[str, Any]:
    first, full = rounds[0], _full(rounds)
    by_groups = {
        size: _share([r for r, s in zip(first, scenes, strict=True) if len(s.groups) == size])
        for size in (1, 2, 3)
    }
    return {
        "one seed": {atom: _share(first, atom) for atom in ATOMS},
        "one seed, full": interval(full[0]),
        "by number of groups": by_groups,
        "mean over seeds": interval(full.mean(0)),
        "best of k": [round(float(full[:k].any(0).mean()), 3) for k in range(1, len(full) + 1)],
    }


def _repair(results: dict[str, list[Results]]) -> dict[str, Any]:
    """Among terse pictures with an atom wrong: how often is it right another way?"""
    table: dict[str, Any] = {}
    first = results["terse"][0]
    for atom in (*TERSE_ATOMS, "full"):
        bad = [number for number, result in enumerate(first) if not result[atom]]
        row: dict[str, Any] = {"n": len(bad)}
        if bad:
            again = [_share([r[i] for i in bad], atom) for r in results["terse"][1:]]
            row["terse, other seeds"] = round(float(np.mean(again)), 3) if again else None
            for name in WORDINGS:
                if name != "terse":
                    row[name] = _share([results[name][0][i] for i in bad], atom)
        table[atom] = row
    return table


def _full(rounds: list[Results]) -> Flags:
    return np.array([[result["full"] for result in results] for results in rounds])


def _share(results: Results, atom: str = "full") -> float:
    return round(float(np.mean([result[atom] for result in results])), 3) if results else 0.0


def main() -> None:
    """Read the command line, measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("eval.json"))
    options = parser.parse_args()
    report = json.dumps(evaluate(load_net(), options.n, options.seeds), indent=1)
    options.out.write_text(report + "\n")
    print(report)


if __name__ == "__main__":
    main()
