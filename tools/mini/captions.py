"""Captions of a scene at four levels of explicitness, all describing the same scene.

terse     two red circles left of a blue square
placed    two red circles in the left half and a blue square in the right half
explicit  white background . left half : exactly two small red circles in a row . ...
coords    white background . two small red circles at a1 b1 . ...
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from gems_graph.mini.words import MAX_TOKENS, NUMBER_WORDS, PAD, PLURALS, encode
from tools.mini.scenes import Cell, Group, Scene, relation

Keep = Callable[[str], bool]

LEVELS = ("terse", "placed", "explicit", "coords")
PHRASE = {"left": "left of", "right": "right of", "above": "above", "below": "below"}
INVERSE = {"left": "right", "above": "below"}


def noun(group: Group, *, size: bool = False, one: str = "one") -> str:
    """Name a group, e.g. "two small red circles"; `one` is the word for a single item."""
    number = one if group.count == 1 else NUMBER_WORDS[group.count]
    shape = PLURALS[group.shape] if group.count > 1 else group.shape
    return " ".join([number, *([group.size] if size else []), group.color, shape])


def terse(scene: Scene, rng: random.Random, prefix: str = "") -> str:
    """Say what is there and how it relates, as a person would."""
    names = [prefix + noun(group, one="one" if prefix else "a") for group in scene.groups]
    found = relation(scene)
    if found is None:
        return names[0]
    word, first, second = found
    if rng.random() < 0.5:
        word, first, second = INVERSE[word], second, first
    return f"{_listed(names, first)} {PHRASE[word]} {_listed(names, second)}"


def placed(scene: Scene, rng: random.Random) -> str:
    """Give every group its region, in random order."""
    places = [
        noun(group, one="a") + ("" if group.region == "full" else f" in the {group.region}")
        for group in _shuffled(scene.groups, rng)
    ]
    return " and ".join(places)


def explicit(scene: Scene, rng: random.Random, keep: Keep = lambda detail: True) -> str:
    """State every detail `keep` allows: background, region, exactly, size, arrangement."""
    groups = _shuffled(scene.groups, rng)
    head = [f"{scene.background} background"] if keep("background") else []
    region, exactly, size, arrangement = map(keep, ("region", "exactly", "size", "arrangement"))
    sentences = []
    for group in groups:
        text = _place_name(group) if region else ""
        text += ("exactly " if exactly else "") + noun(group, size=size)
        if arrangement and group.count > 1:
            text += _arranged(group)
        sentences.append(text)
    return plan([*head, *sentences])


def coords(scene: Scene, rng: random.Random, details: bool = True) -> str:
    """Give every item its cell; with details also background and sizes."""
    groups = _shuffled(scene.groups, rng)
    head = [f"{scene.background} background"] if details else []
    return plan(
        [*head, *(f"{noun(group, size=details)} at {cell_names(group.cells)}" for group in groups)]
    )


def caption(scene: Scene, level: str, rng: random.Random, *, train: bool = False) -> str:
    """Caption a scene; in training, details are left out at random so that none is relied on."""
    if level == "terse":
        return terse(scene, rng, "exactly " if train and rng.random() < 0.15 else "")
    if level == "placed":
        return placed(scene, rng)
    if level == "explicit":
        return explicit(scene, rng, (lambda detail: rng.random() < 0.8) if train else _everything)
    return coords(scene, rng, rng.random() < 0.8 if train else True)


def padded(text: str) -> list[int]:
    """Token ids of a caption, padded to the length the trainer uses."""
    ids = encode(text.split())
    return ids + [PAD] * (MAX_TOKENS - len(ids))


def plan(sentences: Iterable[str]) -> str:
    """Join sentences as a plan: each ends with a period."""
    return " . ".join(sentences) + " ."


def cell_names(cells: Iterable[Cell]) -> str:
    """Name (column, row) cells, e.g. "a1 b3"."""
    return " ".join("abcd"[column] + "1234"[row] for column, row in cells)


def _everything(detail: str) -> bool:
    return True


def _listed(names: list[str], which: list[int]) -> str:
    return " and ".join(names[index] for index in which)


def _shuffled(groups: list[Group], rng: random.Random) -> list[Group]:
    order = groups[:]
    rng.shuffle(order)
    return order


def _place_name(group: Group) -> str:
    return ("anywhere" if group.region == "full" else group.region) + " : "


def _arranged(group: Group) -> str:
    return " scattered" if group.arrangement == "scattered" else f" in a {group.arrangement}"
