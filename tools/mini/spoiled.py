"""Scenes with one thing wrong, to see whether a reader notices."""

from __future__ import annotations

import random
from dataclasses import replace

from gems_graph.mini.artwork.render import Group, Scene
from gems_graph.mini.world import COLORS, GRID, OBJECTS, SCENES, visible


def spoiled(scene: Scene, rng: random.Random) -> Scene:
    """Change one thing: the number, colour, object or size of a group, the sides, the scene."""
    k = rng.randrange(len(scene.groups))
    group, rest = scene.groups[k], [*scene.groups[:k], *scene.groups[k + 1 :]]
    match rng.choice(("fewer", "more", "color", "object", "size", "sides", "scene")):
        case "sides":
            turned = [_turned(each) for each in scene.groups]
            return replace(scene, groups=turned)
        case "scene":
            others = [s for s in SCENES if s != scene.backdrop]
            return replace(scene, backdrop=rng.choice(others[:-1]))
        case "color":
            taken = {each.color for each in scene.groups}
            fits = [c for c in COLORS if c not in taken and visible(c, scene.backdrop)]
            group = replace(group, color=rng.choice(fits))
        case "object":
            taken = {each.object for each in scene.groups}
            group = replace(group, object=rng.choice([o for o in OBJECTS if o not in taken]))
        case "size" if group.size != "big":
            group = replace(group, size="small" if group.size == "normal" else "normal")
        case "fewer" if group.count > 1:
            group = replace(group, cells=group.cells[1:], shifts=group.shifts[1:])
        case _:
            group = _more(group, scene)
    return replace(scene, groups=[group, *rest])


def _turned(group: Group) -> Group:
    """Turn a group about the middle of the picture, so that left becomes right and up down."""
    last = GRID - group.span
    return replace(group, cells=[(last - c, last - r) for c, r in group.cells])


def _more(group: Group, scene: Scene) -> Group:
    used = {cell for each in scene.groups for cell in each.covered()}
    grid = [(c, r) for r in range(GRID) for c in range(GRID)]
    spots = [replace(group, cells=[cell]) for cell in grid if max(cell) <= GRID - group.span]
    free = [spot for spot in spots if not used & set(spot.covered())]
    if not free:
        return group
    return replace(group, cells=[*group.cells, *free[0].cells], shifts=[*group.shifts, (0, 0)])
