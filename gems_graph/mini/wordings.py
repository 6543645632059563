"""Ways to word a request for the generator, from its own words to exact cells."""

from __future__ import annotations

from itertools import permutations

from gems_graph.errors import OutsideWorldError
from gems_graph.mini import words, world
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.layout import Cells, inside, satisfied
from gems_graph.mini.scene import Group, Request

STYLES = {
    "plain": "the request's own words",
    "regions": "regions",
    "coordinates": "coordinates",
}
"""The repertoire: name of each way of wording, as lessons call it."""
_REGIONS = {
    1: (("left half",), ("right half",), ("top half",), ("bottom half",)),
    2: (("left half", "right half"), ("top half", "bottom half")),
    3: (
        ("left half", "top right", "bottom right"),
        ("top left", "bottom left", "right half"),
        ("top half", "bottom left", "bottom right"),
        ("top left", "top right", "bottom half"),
    ),
    4: (("top left", "top right", "bottom left", "bottom right"),),
}


def write_regions(request: Request) -> str | None:
    """Return a prompt that gives each group a half or a quarter of the picture; None: none fits."""
    if any(group.cells or group.arrangement for group in request.groups):
        return None
    for regions in _REGIONS.get(len(request.groups), ()):
        for order in permutations(regions):
            filled = [_filled(region) for region in order]
            if satisfied(request, filled) and _room(request, filled):
                parts = [
                    f"{group.words()} in the {region}"
                    for group, region in zip(request.groups, order, strict=True)
                ]
                return _fitting(request, parts)
    return None


def write_cells(request: Request, cells: list[Cells]) -> str | None:
    """Return a prompt that names the cells of every group; None if it is too long.

    Args:
        request: what is to be drawn.
        cells: one tuple a group, see `lay_out`.
    """
    pairs = zip(request.groups, cells, strict=True)
    return _fitting(request, [f"{group.words()} at {' '.join(own)}" for group, own in pairs])


def style_of(prompt: str, text: str, request: Request) -> str | None:
    """Return the style in which a prompt words the request (`text`); None: none of ours."""
    if words.normalise(prompt) == words.normalise(text):
        return "plain"
    try:
        parsed = parse_request(prompt)
    except OutsideWorldError:
        return None
    if [group.kind for group in parsed.groups] != [group.kind for group in request.groups]:
        return None
    if all(group.cells for group in parsed.groups):
        return "coordinates"
    return "regions" if all(group.region for group in parsed.groups) else None


def cells_in(prompt: str, request: Request) -> dict[int, Cells]:
    """Return the cells that a prompt gives to each group of the request (by index)."""
    try:
        parsed = parse_request(prompt)
    except OutsideWorldError:
        return {}
    if [group.kind for group in parsed.groups] != [group.kind for group in request.groups]:
        return {}
    return {k: group.cells for k, group in enumerate(parsed.groups) if group.cells}


def _filled(region: str) -> Cells:
    return tuple(cell for cell in world.CELLS if inside(cell, region))


def _room(request: Request, filled: list[Cells]) -> bool:
    def fits(group: Group, cells: Cells) -> bool:
        return group.count <= len(cells) // group.span**2

    return all(map(fits, request.groups, filled))


def _fitting(request: Request, parts: list[str]) -> str | None:
    ground = f" {world.SCENE_PHRASES[request.scene][0]}" if request.scene else ""
    plan = f"{' . '.join(parts)} .{ground}"
    return plan if len(words.normalise(plan).split()) <= words.MAX_TOKENS else None
