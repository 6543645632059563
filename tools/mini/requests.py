"""Requests of every kind to measure on, and what a right picture of each must show."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gems_graph.mini.artwork.render import Group, Pixels
from gems_graph.mini.world import (
    HELD_OUT,
    REGIONS,
    SCENE_PHRASES,
    SCENES,
    visible,
)
from tools.mini.captions import cell_names, listed, noun, sentences
from tools.mini.checker import Item, Reading, read
from tools.mini.kinds import HELD, KINDS, SIDES, Relation
from tools.mini.scenes import LAYOUTS, STRIPS, arrange

Box = tuple[int, int, int, int]
WORDINGS = ("terse", "placed", "coords")
_QUARTERS = {
    "left half": ("top left", "bottom left"),
    "right half": ("top right", "bottom right"),
    "top half": ("top left", "top right"),
    "bottom half": ("bottom left", "bottom right"),
}


@dataclass
class Request:
    """What was asked for, and its wordings by name."""

    kind: str
    groups: list[Group]
    scene: str | None = None
    relation: Relation | None = None
    regions: list[str] = field(default_factory=list)
    wordings: dict[str, str] = field(default_factory=dict)

    @property
    def atoms(self) -> int:
        """How many facts are asked for: each object, colour, count beyond one, size, ..."""
        facts = sum(2 + (g.count > 1) + (g.size != "normal") for g in self.groups)
        related = 1 if self.relation else 0
        return facts + related + (self.scene is not None)

    def judge(self, reading: Reading) -> dict[str, bool]:
        """Judge every fact, and that there is nothing else."""
        return {name: bool(true) for name, true in self._verdicts(reading)}

    def right(self, picture: Pixels) -> bool:
        """Say whether a picture shows exactly what was asked for."""
        return all(self.judge(read(picture)).values())

    def _verdicts(self, reading: Reading) -> Iterator[tuple[str, bool]]:
        mine = [
            [item for item in reading.items if (item.object, item.color) == group.kind]
            for group in self.groups
        ]
        for number, (group, items) in enumerate(zip(self.groups, mine, strict=True)):
            yield f"{number} present", bool(items)
            yield f"{number} count", len(items) == group.count
            if group.size != "normal":
                sized = bool(items) and all(item.size == group.size for item in items)
                yield f"{number} size", sized
        if self.relation:
            yield "relation", related(self.relation, mine)
        if self.scene:
            yield "scene", reading.scene == self.scene
        kinds = {group.kind for group in self.groups}
        yield "nothing else", all((i.object, i.color) in kinds for i in reading.items)


def build(kind: str, rng: random.Random) -> Request:
    """Make up a request of a kind, in plain words, with regions, and with cells."""
    while True:
        groups, relation = KINDS[kind](rng)
        scene = rng.choice(SCENES) if kind.startswith("scene") else None
        if len({group.kind for group in groups}) < len(groups):
            continue
        if (kind in HELD) != any(group.kind in HELD_OUT for group in groups):
            continue
        if not all(visible(group.color, scene) for group in groups):
            continue
        request = Request(kind, groups, scene, relation)
        boxes = _boxes(request, rng)
        if arrange(groups, rng, boxes):
            request.wordings = _wordings(request, rng)
            return request


def _wordings(request: Request, rng: random.Random) -> dict[str, str]:
    names = [noun(group) for group in request.groups]
    scene = f" {rng.choice(SCENE_PHRASES[request.scene])}" if request.scene else ""
    places = [
        f"{name} in the {region}" for name, region in zip(names, request.regions, strict=True)
    ]
    cells = [f"{name} at {cell_names(g)}" for name, g in zip(names, request.groups, strict=True)]
    return {
        "terse": _plain(request.relation, names) + scene,
        "placed": (sentences(places) if len(places) > 1 else places[0]) + scene,
        "coords": sentences(cells) + scene,
    }


def _plain(relation: Relation | None, names: Sequence[str]) -> str:
    if relation is None:
        return listed(names)
    subjects, others = (
        listed([names[k] for k in part]) for part in (relation.subjects, relation.others)
    )
    return f"{subjects} {relation.word} {others}"


def _boxes(request: Request, rng: random.Random) -> list[Box]:
    """Choose the regions of the placed wording, and with them where the cells may lie."""
    relation, number = request.relation, len(request.groups)
    if relation and relation.word == "between":
        across = rng.random() < 0.5
        middle, first, last = (STRIPS[across][k] for k in (1, 0, 2))
        ends = SIDES["above" if across else "left of"]
        request.regions = ["middle", *ends]
        return [middle, first, last]
    if relation:
        ours, theirs = SIDES[relation.word]
        request.regions = [
            *_split(ours, len(relation.subjects)),
            *_split(theirs, len(relation.others)),
        ]
    elif number == 1:
        request.regions = [rng.choice(list(REGIONS))]
    else:
        request.regions = rng.sample(rng.choice(LAYOUTS[number]), number)
    return [REGIONS[region] for region in request.regions]


def _split(half: str, number: int) -> tuple[str, ...]:
    return (half,) if number == 1 else _QUARTERS[half]


def related(relation: Relation, mine: list[list[Item]]) -> bool:
    """Tell whether the items of every group (by index) lie as a relation says."""
    ours = [item for k in relation.subjects for item in mine[k]]
    if not ours or not all(mine[k] for k in relation.others):
        return False
    if relation.word != "between":
        return all(
            _lies(relation.word, item, other)
            for item in ours
            for k in relation.others
            for other in mine[k]
        )
    one, two = (mine[k] for k in relation.others)
    return any(
        all(_lies(word, a, b) for a in left for b in ours)
        and all(_lies(word, b, c) for b in ours for c in right)
        for word in ("left of", "above")
        for left, right in ((one, two), (two, one))
    )


def _lies(word: str, item: Item, other: Item) -> bool:
    across, down = other.x - item.x, other.y - item.y
    return {"left of": across, "right of": -across, "above": down, "below": -down}[word] > 0.05
