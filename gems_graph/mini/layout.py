"""Chooses grid cells for the groups of a request so that all it states of places holds."""

from __future__ import annotations

import random

from gems_graph.mini.scene import Group, Request
from gems_graph.mini.words import CELLS, GRID, REGIONS

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
        Cells in reading order, one tuple a group; None if no layout was found.
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
    return (
        apart
        and places
        and all(
            _related(relation.word, cells[relation.subject], cells[relation.object])
            for relation in request.relations
        )
    )


def _attempt(request: Request, rng: random.Random, settled: dict[int, Cells]) -> list[Cells] | None:
    """Place groups in random order on free cells; None if one finds no room."""
    placed: dict[int, Cells] = dict(settled)
    order = [k for k in range(len(request.groups)) if k not in placed]
    rng.shuffle(order)
    for k in order:
        cells = _choose(request, k, placed, rng)
        if not cells:
            return None
        placed[k] = cells
    return [placed[k] for k in range(len(request.groups))]


def _choose(request: Request, k: int, placed: dict[int, Cells], rng: random.Random) -> Cells | None:
    group = request.groups[k]
    occupied = {cell for cells in placed.values() for cell in cells}
    free = [cell for cell in CELLS if cell not in occupied and _suits(request, k, cell, placed)]
    if group.cells:
        return group.cells if set(group.cells) <= set(free) else None
    line = _line(group, rng)
    free = [cell for cell in free if line is None or line in cell]
    if len(free) < group.count:
        return None
    return tuple(sorted(rng.sample(free, group.count), key=CELLS.index))


def _line(group: Group, rng: random.Random) -> str | None:
    lines = {"row": "1234", "column": "abcd"}.get(group.arrangement or "")
    return rng.choice(lines) if lines else None


def _suits(request: Request, k: int, cell: str, placed: dict[int, Cells]) -> bool:
    """Tell whether a cell lies in the group's region and on the right side of placed groups."""
    if not inside(cell, request.groups[k].region):
        return False
    here = {**placed, k: (cell,)}
    return all(
        _related(relation.word, here[relation.subject], here[relation.object])
        for relation in request.relations
        if relation.subject in here and relation.object in here
    )


def inside(cell: str, region: str | None) -> bool:
    """Tell whether a cell lies in a region; None is the whole picture."""
    left, top, right, bottom = REGIONS[region or "full"]
    row, column = divmod(CELLS.index(cell), GRID)
    return left <= column < right and top <= row < bottom


def _related(word: str, subject: Cells, other: Cells) -> bool:
    axis = 0 if word in ("left of", "right of") else 1
    first, second = (subject, other) if word in ("left of", "above") else (other, subject)
    return max(cell[axis] for cell in first) < min(cell[axis] for cell in second)


def _placed(group: Group, cells: Cells) -> bool:
    if not all(inside(cell, group.region) for cell in cells):
        return False
    columns, rows = {cell[0] for cell in cells}, {cell[1] for cell in cells}
    straight = {"row": len(rows) == 1, "column": len(columns) == 1}
    if group.arrangement == "scattered":
        return group.count == 1 or (len(rows) > 1 and len(columns) > 1)
    return straight.get(group.arrangement or "", True) and (
        not group.cells or set(group.cells) == set(cells)
    )
