"""Captions of a scene, each saying only what is true of it, at three levels of explicitness.

terse     three red fish and a big blue house at night
placed    two red fish in the top left . a blue house on the right .
coords    two red fish at a1 b2 . a blue house at c3 .
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations

from gems_graph.mini.artwork.render import Group, Scene
from gems_graph.mini.words import MAX_TOKENS, PAD, article, encode
from gems_graph.mini.world import INVERSE, NUMBER_WORDS, PLURALS, REGIONS, SCENE_PHRASES, Box

LEVELS = ("terse", "placed", "coords")
LEVEL_SHARES = (0.6, 0.2, 0.2)
SAY_RELATION = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
_OPENINGS = ("a picture of ", "an illustration of ", "draw ", "exactly ")


def noun(group: Group, one: str | None = None) -> str:
    """Name a group, e.g. "two small red cats"; `one` stands for the article of a single one."""
    name = PLURALS[group.object] if group.count > 1 else group.object
    words = [*([group.size] if group.size != "normal" else []), group.color, name]
    head = NUMBER_WORDS[group.count] if group.count > 1 else one or article(words[0])
    return " ".join([head, *words])


def listed(names: Sequence[str], *, commas: bool = True) -> str:
    """Join names as people do: "a , b and c", or with nothing but "and"."""
    if len(names) < 3 or not commas:
        return " and ".join(names)
    return " , ".join(names[:-1]) + " and " + names[-1]


def terse(scene: Scene, rng: random.Random) -> str:
    """Say what is there and, often, how it relates."""
    groups = _shuffled(scene.groups, rng)
    text = None
    if len(groups) == 3 and rng.random() < 0.6:
        text = _between(groups, rng)
    if text is None and len(groups) > 1 and rng.random() < 0.75:
        text = _related(groups, scene.groups, rng)
    text = text or _list(groups, rng)
    if rng.random() < 0.08:
        text = rng.choice(_OPENINGS) + text
    return _on_scene(text, scene.backdrop, rng, 0.5)


def placed(scene: Scene, rng: random.Random) -> str:
    """Give every group its region, in random order."""
    parts = []
    for group in _shuffled(scene.groups, rng):
        text, region = _said(group, rng), region_of(group, rng)
        if group.count > 1 and rng.random() < 0.4:
            text += _line(group)
        parts.append(text + (f" {say_region(region, rng)}" if region else ""))
    plan = len(parts) > 1 and rng.random() < 0.6
    joined = sentences(parts) if plan else listed(parts)
    return _on_scene(joined, scene.backdrop, rng, 0.6)


def coords(scene: Scene, rng: random.Random) -> str:
    """Give every icon its cells; a big one has four."""
    parts = [
        f"{_said(group, rng)} at {cell_names(group)}" for group in _shuffled(scene.groups, rng)
    ]
    return _on_scene(sentences(parts), scene.backdrop, rng, 0.6)


def caption(scene: Scene, level: str, rng: random.Random) -> str:
    """Caption a scene at a level, or at a terser one where that would be too long."""
    for writer in (_WRITERS[level], placed, terse, terse):
        text = writer(scene, rng)
        if len(text.split()) <= MAX_TOKENS:
            return text
    return _list(scene.groups, rng)


def padded(text: str) -> list[int]:
    """Token ids of a caption, padded to the length the trainer uses."""
    ids = encode(text.split())
    return ids + [PAD] * (MAX_TOKENS - len(ids))


def sentences(parts: Sequence[str]) -> str:
    """Join the sentences of a plan; each ends with a period."""
    return " . ".join(parts) + " ."


def cell_names(group: Group) -> str:
    """Name every cell a group covers, e.g. "a1 b3"."""
    return " ".join("abcd"[column] + "1234"[row] for column, row in group.covered())


def extent(group: Group) -> Box:
    """Return the smallest box of cells around a group."""
    columns, rows = zip(*group.covered(), strict=True)
    return min(columns), min(rows), max(columns) + 1, max(rows) + 1


def relations(first: Sequence[Group], second: Sequence[Group]) -> list[str]:
    """Return how all of the first groups lie to all of the second: none, one or two words."""
    one, other = ([extent(group) for group in groups] for groups in (first, second))
    found = []
    for axis, before, after in ((0, "left of", "right of"), (1, "above", "below")):
        if max(box[axis + 2] for box in one) <= min(box[axis] for box in other):
            found.append(before)
        if min(box[axis] for box in one) >= max(box[axis + 2] for box in other):
            found.append(after)
    return found


def region_of(group: Group, rng: random.Random) -> str | None:
    """Return a region that holds the whole group, rather a quarter than a half; or None."""
    left, top, right, bottom = extent(group)
    fits = [
        name
        for name, box in REGIONS.items()
        if box[0] <= left and box[1] <= top and right <= box[2] and bottom <= box[3]
    ]
    narrow = [name for name in fits if "half" not in name]
    if narrow and rng.random() < 0.75:
        return rng.choice(narrow)
    return rng.choice(fits) if fits else None


def say_region(region: str, rng: random.Random) -> str:
    """Word a region in one of the usual ways."""
    plain = f"in the {region}"
    if region == "middle":
        return plain
    side, half = region.split()
    if half != "half":
        return rng.choice((plain, f"{plain} corner"))
    return rng.choice((plain, f"{'on' if side in ('left', 'right') else 'at'} the {side}"))


def _related(groups: list[Group], order: list[Group], rng: random.Random) -> str | None:
    cuts = _cuts(groups) or _cuts(order)
    if not cuts:
        return None
    first, second, word = rng.choice(cuts)
    if rng.random() < 0.5:
        first, second, word = second, first, INVERSE[word]
    return f"{_list(first, rng)} {rng.choice(SAY_RELATION[word])} {_list(second, rng)}"


def _cuts(groups: list[Group]) -> list[tuple[list[Group], list[Group], str]]:
    return [
        (groups[:cut], groups[cut:], word)
        for cut in range(1, len(groups))
        for word in relations(groups[:cut], groups[cut:])
    ]


def _between(groups: list[Group], rng: random.Random) -> str | None:
    for middle, one, other in permutations(groups):
        outer = set(relations([one], [middle])) & set(relations([middle], [other]))
        if outer:
            ends = " and ".join((_said(one, rng), _said(other, rng)))
            return f"{_said(middle, rng)} between {ends}"
    return None


def _list(groups: Sequence[Group], rng: random.Random) -> str:
    return listed([_said(group, rng) for group in groups], commas=rng.random() >= 0.4)


def _said(group: Group, rng: random.Random) -> str:
    return noun(group, "one" if rng.random() < 0.15 else None)


def _line(group: Group) -> str:
    left, top, right, bottom = extent(group)
    if bottom - top == group.span:
        return " in a row"
    return " in a column" if right - left == group.span else ""


def _on_scene(text: str, scene: str, rng: random.Random, chance: float) -> str:
    if rng.random() >= chance:
        return text
    phrase = rng.choice(SCENE_PHRASES[scene])
    return f"{text} {phrase}" if rng.random() < 0.75 else f"{phrase} , {text}"


def _shuffled(groups: list[Group], rng: random.Random) -> list[Group]:
    return rng.sample(groups, len(groups))


_WRITERS = {"terse": terse, "placed": placed, "coords": coords}
