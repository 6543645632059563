"""Chooses grid cells for the groups of a request so that all it states of places holds."""

from __future__ import annotations

import random

from gems_graph.mini.scene import Group, Relation, Request
from gems_graph.mini.world import CELLS, GRID, REGIONS

Cells = tuple[str, ...]
_TRIES = 400


def lay_out(
    request: Request, seed: str, settled: dict[int, Cells] | None = None
) -> list[Cells] | None:
    """Choose cells for every group; the same seed gives the same cells.

    Args:
        request: what is to be drawn.
        seed: any text.
        settled: cells already chosen, by group.

    Returns:
        Cells in reading order, one tuple a group, four cells a big icon; None if no layout
        was found.
    """
    rng = random.Random(seed)
    for _ in range(_TRIES):
        cells = _attempt(request, rng, settled or {})
        if cells and satisfied(request, cells):
            return cells
    return None


def satisfied(request: Request, cells: list[Cells]) -> bool:
    """Tell whether cells, one tuple a group, meet every stated place and relation."""
    apart = len({cell for group in cells for cell in group}) == sum(map(len, cells))
    places = all(map(_placed, request.groups, cells))
    placed = dict(enumerate(cells))
    return apart and places and all(_holds(relation, placed) for relation in request.relations)


def inside(cell: str, region: str) -> bool:
    """Tell whether a cell lies in a region."""
    left, top, right, bottom = REGIONS[region]
    row, column = divmod(CELLS.index(cell), GRID)
    return left <= column < right and top <= row < bottom


def _attempt(request: Request, rng: random.Random, settled: dict[int, Cells]) -> list[Cells] | None:
    """Place groups in random order, big ones first; None if one finds no room."""
    placed: dict[int, Cells] = dict(settled)
    groups = request.groups
    order = [k for k in range(len(groups)) if k not in placed]
    for k in sorted(order, key=lambda k: (not groups[k].cells, -groups[k].span, rng.random())):
        cells = _choose(request, k, placed, rng)
        if not cells:
            return None
        placed[k] = cells
    return [placed[k] for k in range(len(groups))]


def _choose(request: Request, k: int, placed: dict[int, Cells], rng: random.Random) -> Cells | None:
    """Choose free cells for the icons of a group, one after the other."""
    group = request.groups[k]
    occupied = {cell for cells in placed.values() for cell in cells}
    if group.cells:
        return None if occupied & set(group.cells) else group.cells
    spots = [spot for spot in _spots(group, rng) if _suits(request, k, spot, placed)]
    chosen: list[str] = []
    for spot in rng.sample(spots, len(spots)):
        if len(chosen) < group.room and not occupied & set(spot):
            chosen += spot
            occupied |= set(spot)
    return tuple(sorted(chosen, key=CELLS.index)) if len(chosen) == group.room else None


def _spots(group: Group, rng: random.Random) -> list[Cells]:
    """Return every place for one icon of a group: its cells; on one line if it wants a line."""
    steps, last = range(group.span), GRID - group.span + 1
    lines = {"row": (0, 1), "column": (1, 0)}.get(group.arrangement or "")
    line = rng.randrange(last)
    return [
        tuple(CELLS[(row + down) * GRID + column + right] for down in steps for right in steps)
        for row in range(last)
        for column in range(last)
        if not lines or (row, column)[lines[0]] == line
    ]


def _suits(request: Request, k: int, spot: Cells, placed: dict[int, Cells]) -> bool:
    """Tell whether a spot lies in the group's region and on the right side of placed groups."""
    region = request.groups[k].region
    if region and not all(inside(cell, region) for cell in spot):
        return False
    here = {**placed, k: spot}
    known = [r for r in request.relations if {r.subject, *r.others} <= here.keys()]
    return all(_holds(relation, here) for relation in known)


def _holds(relation: Relation, cells: dict[int, Cells]) -> bool:
    subject, *others = (cells[k] for k in (relation.subject, *relation.others))
    if relation.word != "between":
        return _lies(relation.word, subject, others[0])
    return any(
        _lies(before, subject, one) and _lies(after, subject, other)
        for before, after in (("left of", "right of"), ("above", "below"))
        for one, other in (others, others[::-1])
    )


def _lies(word: str, subject: Cells, other: Cells) -> bool:
    axis = 0 if word in ("left of", "right of") else 1
    first, second = (subject, other) if word in ("left of", "above") else (other, subject)
    return max(cell[axis] for cell in first) < min(cell[axis] for cell in second)


def _placed(group: Group, cells: Cells) -> bool:
    if group.region and not all(inside(cell, group.region) for cell in cells):
        return False
    columns, rows = {cell[0] for cell in cells}, {cell[1] for cell in cells}
    straight = {"row": len(rows), "column": len(columns)}
    return straight.get(group.arrangement or "", 1) <= group.span and (
        not group.cells or set(group.cells) == set(cells)
    )
