"""Measure the generator: how often a picture shows exactly what was asked for.

    python -m tools.mini.evaluate --n 60 --seeds 5 --out eval.json

By kind of request and by the number of facts asked for, in plain words, with regions and with
cells; kinds whose combinations training never showed stand apart. The judge is
`tools/mini/checker.py`; how often the Verifier's reader agrees on the items is told beside it.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gems_graph.mini.look import look_at
from gems_graph.mini.net import MiniNet
from gems_graph.mini.sampling import Pixels, load_net, sample
from gems_graph.mini.words import tokenise
from tools.mini.checker import Reading, read
from tools.mini.kinds import HELD, KINDS
from tools.mini.requests import WORDINGS, Request, build

Flags = npt.NDArray[np.float64]
_SEED = 777
_BATCH = 8


def draw(net: MiniNet, prompts: Sequence[str], seeds: Sequence[int]) -> list[Pixels]:
    """Draw one picture per prompt, a few at a time."""
    pictures: list[Pixels] = []
    for start in range(0, len(prompts), _BATCH):
        words = [tokenise(prompt) for prompt in prompts[start : start + _BATCH]]
        pictures += list(sample(net, words, seeds[start : start + _BATCH]))
    return pictures


def interval(values: Sequence[float] | Flags, draws: int = 4000) -> list[float]:
    """Return the mean and its 95 % bootstrap interval."""
    data = np.asarray(values, float)
    rng = np.random.default_rng(0)
    means = data[rng.integers(0, len(data), (draws, len(data)))].mean(1)
    return [round(float(x), 3) for x in (data.mean(), *np.quantile(means, (0.025, 0.975)))]


def requests_of(kind: str, count: int) -> list[Request]:
    """Make up the requests that every reported figure of a kind is measured on."""
    rng = random.Random(f"{_SEED} {kind}")
    return [build(kind, rng) for _ in range(count)]


def measure(
    net: MiniNet, requests: Sequence[Request], seeds: int
) -> tuple[dict[str, Any], list[float]]:
    """Measure requests of one kind: plain words with several seeds, other wordings with one.

    Returns:
        The figures, and for each request whether the first picture of it was right.
    """
    plain = [_round(net, requests, "terse", 1000 * seed) for seed in range(seeds)]
    rounds = {name: _round(net, requests, name, 0) for name in WORDINGS[1:]}
    right = np.array([_right(verdicts) for verdicts, _ in plain])
    failed = right[0] == 0
    row: dict[str, Any] = {
        "n": len(requests),
        "terse": interval(right[0]),
        "terse, all seeds": interval(right.mean(0)),
        f"best of {seeds}": interval(right.max(0)),
        **{name: interval(_right(verdicts)) for name, (verdicts, _) in rounds.items()},
        "readers agree": _mean([a for _, agree in [*plain, *rounds.values()] for a in agree]),
        "atoms": _by_atom([verdict for verdicts, _ in plain for verdict in verdicts]),
        "failed": int(failed.sum()),
        "repaired": {
            "another seed": _mean(right[1:, failed]),
            **{name: _mean(_right(v)[failed]) for name, (v, _) in rounds.items()},
        },
        "example": requests[0].wordings,
    }
    return row, right[0].tolist()


def by_facts(rows: Sequence[tuple[Request, float]]) -> dict[str, list[float]]:
    """Return the share right by how many facts were asked for."""
    groups: dict[int, list[float]] = defaultdict(list)
    for request, right in rows:
        groups[request.atoms].append(right)
    return {str(facts): [*interval(groups[facts]), len(groups[facts])] for facts in sorted(groups)}


def evaluate(net: MiniNet, count: int, seeds: int, kinds: Sequence[str]) -> dict[str, Any]:
    """Measure every kind, and all trained kinds by the number of facts."""
    report: dict[str, Any] = {"kinds": {}}
    rows: list[tuple[Request, float]] = []
    for kind in kinds:
        requests = requests_of(kind, count)
        row, right = measure(net, requests, seeds)
        report["kinds"][kind] = row
        print(kind, json.dumps(row), flush=True)
        if kind not in HELD:
            rows += zip(requests, right, strict=True)
    report["facts"] = by_facts(rows)
    many = [right for request, right in rows if 3 <= request.atoms <= 10]
    report["3 to 10 facts"] = interval(many) if many else None
    return report


def show(report: dict[str, Any], seeds: int) -> None:
    """Print the tables of the model card, in hundredths."""
    columns = ("terse", f"best of {seeds}", *WORDINGS[1:])
    print(f"\n| request | {' | '.join(columns)} | repaired by seed / regions / cells |")
    print("|---|" + "---|" * (len(columns) + 1))
    for kind, row in report["kinds"].items():
        repaired = " / ".join(_percent(value) for value in row["repaired"].values())
        cells = [_percents(row[name]) for name in columns]
        print(f"| {kind} | {' | '.join(cells)} | {repaired} (of {row['failed']}) |")
    print("\n| facts asked for | terse | n |\n|---|---|---|")
    for facts, (*row, count) in report["facts"].items():
        print(f"| {facts} | {_percents(row)} | {count} |")
    if report["3 to 10 facts"]:
        print(f"| 3 to 10 | {_percents(report['3 to 10 facts'])} | |")


def _percents(row: Sequence[float]) -> str:
    mean, low, high = map(_percent, row)
    return f"{mean} [{low}, {high}]"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}"


def _round(
    net: MiniNet, requests: Sequence[Request], wording: str, seed: int
) -> tuple[list[dict[str, bool]], list[bool]]:
    prompts = [request.wordings[wording] for request in requests]
    pictures = draw(net, prompts, [seed + number for number in range(len(requests))])
    readings = [read(picture) for picture in pictures]
    verdicts = [r.judge(reading) for r, reading in zip(requests, readings, strict=True)]
    agree = [_agree(p, reading) for p, reading in zip(pictures, readings, strict=True)]
    return verdicts, agree


def _agree(picture: Pixels, reading: Reading) -> bool:
    seen = look_at(picture.astype(np.float32))
    return Counter((i.object, i.color) for i in seen.items) == Counter(
        (i.object, i.color) for i in reading.items
    )


def _right(verdicts: Sequence[dict[str, bool]]) -> Flags:
    return np.array([float(all(verdict.values())) for verdict in verdicts])


def _by_atom(verdicts: Sequence[dict[str, bool]]) -> dict[str, float]:
    atoms: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        for name, true in verdict.items():
            atoms[name.lstrip("0123456789 ")].append(true)
    return {name: round(float(np.mean(values)), 3) for name, values in atoms.items()}


def _mean(values: Sequence[bool] | Flags) -> float | None:
    return round(float(np.mean(values)), 3) if np.size(values) else None


def main() -> None:
    """Read the command line, measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=60, help="requests a kind")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), metavar="KIND")
    parser.add_argument("--out", type=Path, default=Path("eval.json"))
    options = parser.parse_args()
    report = evaluate(load_net(), options.n, options.seeds, options.kinds)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    show(report, options.seeds)


if __name__ == "__main__":
    main()
