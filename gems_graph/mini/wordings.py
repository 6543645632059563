"""Ways to word a request for the generator, from its own words to exact cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from gems_graph.errors import OutsideWorldError
from gems_graph.mini import words
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.layout import Cells, inside, satisfied
from gems_graph.mini.scene import Group, Request

STYLES = {
    "plain": "the request's own words",
    "regions": "regions",
    "coordinates": "coordinates",
    "sizes": "coordinates with two sizes",
    "swapped": "coordinates with two sizes swapped",
}
"""The repertoire: name of each way of wording, as lessons call it."""
_REGIONS = {
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
    """Return a prompt that gives each group a half or a quarter of the picture; None: none fits.

    Half of the picture holds eight items, a quarter four, so any four groups fit.
    """
    if any(group.cells or group.arrangement for group in request.groups):
        return None
    for regions in _REGIONS.get(len(request.groups), ()):
        for order in permutations(regions):
            if satisfied(request, [_filled(region) for region in order]):
                parts = [
                    f"{group.words('a')} in the {region}"
                    for group, region in zip(request.groups, order, strict=True)
                ]
                return _fitting(request, " and ".join(parts))
    return None


def write_cells(request: Request, cells: list[Cells], style: str = "coordinates") -> str | None:
    """Return a prompt that names the cell of every item; None if it is too long.

    Args:
        request: what is to be drawn.
        cells: one tuple a group, see `lay_out`.
        style: `coordinates`; or `sizes` or `swapped` to tell groups of one colour apart by
            size as well, where the request leaves sizes open.
    """
    sizes = {"sizes": ("large", "small"), "swapped": ("small", "large")}.get(style)
    groups = two_sizes(request, sizes).groups if sizes else request.groups
    parts = [
        f"{group.words()} at {' '.join(places)}"
        for group, places in zip(groups, cells, strict=True)
    ]
    return _fitting(request, " . ".join(parts) + " .")


def two_sizes(request: Request, sizes: tuple[str, str]) -> Request:
    """Give groups that share a colour two sizes in turn, where the request leaves sizes open."""
    colors_before: list[str] = []
    groups: list[Group] = []
    for group in request.groups:
        twins = [other for other in request.groups if other.color == group.color]
        size = sizes[colors_before.count(group.color) % 2] if len(twins) > 1 else None
        groups.append(replace(group, size=group.size or size))
        colors_before.append(group.color)
    return replace(request, groups=tuple(groups))


def shares_color(request: Request) -> bool:
    """Tell whether two groups have one colour, which the generator confuses."""
    return len({group.color for group in request.groups}) < len(request.groups)


def style_of(prompt: str, text: str, request: Request) -> str | None:
    """Return the style in which a prompt words the request (`text`); None: none of ours."""
    if words.normalise(prompt) == words.normalise(text):
        return "plain"
    try:
        parsed = parse_request(prompt)
    except OutsideWorldError:
        return None
    if all(group.cells for group in parsed.groups):
        pairs = zip(parsed.groups, request.groups, strict=False)
        added = [group.size for group, requested in pairs if group.size and not requested.size]
        return {"large": "sizes", "small": "swapped"}[added[0]] if added else "coordinates"
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
    return tuple(cell for cell in words.CELLS if inside(cell, region))


def _fitting(request: Request, prompt: str) -> str | None:
    ground = f"{request.background} background . " if request.background else ""
    prompt = ground + prompt
    return prompt if len(words.normalise(prompt).split()) <= words.MAX_TOKENS else None
