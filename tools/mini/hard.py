"""Requests outside the training captions: plain words, five seeds, and plans that help.

    python -m tools.mini.hard --n 120 --out eval_hard.json

A picture is right if it shows exactly the items asked for and, for the kind
with a relation, on the sides asked for.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gems_graph.mini.net import MiniNet, Pixels, load_net
from gems_graph.mini.words import COLORS, SHAPES
from tools.mini.captions import cell_names, noun, plan
from tools.mini.checker import analyse
from tools.mini.evaluate import draw, interval
from tools.mini.scenes import Cell, Group

SAME = "same colour, left of"
KINDS = {"two groups, and": 2, "three groups, and": 3, "four groups, and": 4, SAME: 2}
SEEDS = 5
EVERYWHERE = [(column, row) for row in range(4) for column in range(4)]


@dataclass
class Request:
    """What was asked for, and its wordings by name."""

    kind: str
    groups: list[Group]
    wordings: dict[str, str]

    def right(self, picture: Pixels) -> bool:
        """Say whether a picture shows exactly what was asked for."""
        items, _, _ = analyse(picture)
        want = Counter({(group.color, group.shape): group.count for group in self.groups})
        if Counter((item.color, item.shape) for item in items) != want:
            return False
        if self.kind != SAME:
            return True
        left, right = (
            np.mean([item.cx for item in items if item.shape == group.shape])
            for group in self.groups
        )
        return bool(left < right)


def build(kind: str, rng: random.Random) -> Request:
    """Make up a request of a kind, in plain words and as plans of cells."""
    groups = _same_colour(rng) if kind == SAME else _conjunction(KINDS[kind], rng)
    word = " left of " if kind == SAME else " and "
    wordings = {
        "plain": word.join(noun(group, one="a") for group in groups),
        "cells": _cells(groups, _scattered(kind, groups, rng)),
        "columns": _cells(groups, _columns(groups)),
    }
    if kind == SAME:
        wordings["columns, two sizes"] = _two_sizes(groups)
    return Request(kind, groups, wordings)


def measure(net: MiniNet, kind: str, count: int) -> dict[str, Any]:
    """Measure one kind: plain words with one and five seeds, every plan with one."""
    rng = random.Random(11)
    requests = [build(kind, rng) for _ in range(count)]
    plain = np.array([_judge(net, requests, "plain", seed) for seed in range(SEEDS)])
    figures: dict[str, Any] = {"n": count, f"plain, best of {SEEDS} seeds": interval(plain.max(0))}
    for name in requests[0].wordings:
        right = plain[0] if name == "plain" else _judge(net, requests, name, 0)
        figures[name] = interval(right)
        if name != "plain":
            figures[f"{name} minus plain"] = interval(np.subtract(right, plain[0]))
    return {**figures, "example": requests[0].wordings}


def _judge(net: MiniNet, requests: list[Request], name: str, round_: int) -> list[float]:
    prompts = [request.wordings[name] for request in requests]
    pictures = draw(net, prompts, [1000 * round_ + number for number in range(len(requests))])
    return [float(r.right(picture)) for r, picture in zip(requests, pictures, strict=True)]


def _same_colour(rng: random.Random) -> list[Group]:
    color = rng.choice(list(COLORS))
    return [Group(color, shape, rng.randint(1, 4)) for shape in rng.sample(SHAPES, 2)]


def _conjunction(count: int, rng: random.Random) -> list[Group]:
    most = 3 if count == 4 else 4
    return [
        Group(color=color, count=rng.randint(1, most), shape=rng.choice(SHAPES))
        for color in rng.sample(list(COLORS), count)
    ]


def _scattered(kind: str, groups: list[Group], rng: random.Random) -> list[list[Cell]]:
    halves = [[cell for cell in EVERYWHERE if (cell[0] < 2) == left] for left in (True, False)]
    used: set[Cell] = set()
    chosen = []
    for number, group in enumerate(groups):
        free = halves[number] if kind == SAME else EVERYWHERE
        cells = rng.sample([cell for cell in free if cell not in used], group.count)
        used.update(cells)
        chosen.append(sorted(cells, key=lambda cell: (cell[1], cell[0])))
    return chosen


def _columns(groups: list[Group]) -> list[list[Cell]]:
    """A column for each group, as far apart as they go."""
    columns = {2: (0, 3), 3: (0, 2, 3), 4: (0, 1, 2, 3)}[len(groups)]
    return [
        [(column, row) for row in range(group.count)]
        for column, group in zip(columns, groups, strict=True)
    ]


def _cells(groups: list[Group], cells: list[list[Cell]], *, size: bool = False) -> str:
    return plan(
        f"{noun(group, size=size)} at {cell_names(own)}"
        for group, own in zip(groups, cells, strict=True)
    )


def _two_sizes(groups: list[Group]) -> str:
    """Large on the left and small on the right, the small ones named first.

    Training pictures never had one colour twice, so the model mixes the two
    groups up; different sizes give it a second way to tell them apart.
    """
    left, right = (
        Group(group.color, group.shape, group.count, size)
        for group, size in zip(groups, ("large", "small"), strict=True)
    )
    return _cells([right, left], _columns([left, right])[::-1], size=True)


def main() -> None:
    """Read the command line, measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=120)
    parser.add_argument("--out", type=Path, default=Path("eval_hard.json"))
    options = parser.parse_args()
    net = load_net()
    report = {}
    for kind in KINDS:
        report[kind] = measure(net, kind, options.n)
        print(kind, json.dumps(report[kind]), flush=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
