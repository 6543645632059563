"""Draw the rooms of the package and what rests on what, from the imports in the code.

    python -m tools.rooms            # writes docs/rooms.svg
    python -m tools.rooms --check    # exits 1 if that is not what the code says

Each row rests on the rows below it. Of the arrows those are left out that follow from others.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import grimp

PACKAGE = "gems_graph"
ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "rooms.svg"
WIDTH, ROW, TOP, TALL = 900, 68, 16, 34
STYLE = """
  .room { fill: #fffdf7; stroke: #8a7a5c; stroke-width: 1.2 }
  text { font: 14px system-ui, sans-serif; fill: #3b3428; text-anchor: middle }
  .arrow { fill: none; stroke: #a8997a; stroke-width: 1.1; marker-end: url(#tip) }
  .tip { fill: #a8997a }
  @media (prefers-color-scheme: dark) {
    .room { fill: #26231d; stroke: #a89670 } text { fill: #efe8d8 }
    .arrow { stroke: #7d7360 } .tip { fill: #7d7360 }
  }
"""


def rows() -> list[list[str]]:
    """Return the rooms by layer, top first, as the import contract has them."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers: list[str] = contracts[0]["layers"]
    return [[room.strip().rpartition(".")[2] for room in row.split("|")] for row in layers]


def arrows(rooms: list[str]) -> set[tuple[str, str]]:
    """Return which room imports which, without what follows from other arrows."""
    graph = grimp.build_graph(PACKAGE)
    direct = {room: _imported(graph, room, rooms) for room in rooms}
    return {
        (room, other)
        for room, others in direct.items()
        for other in others
        if not any(other in _below(direct, between) for between in others - {other})
    }


def _imported(graph: grimp.ImportGraph, room: str, rooms: list[str]) -> set[str]:
    inside = {f"{PACKAGE}.{room}", *graph.find_descendants(f"{PACKAGE}.{room}")}
    found = {
        imported.split(".")[1]
        for module in inside
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith(f"{PACKAGE}.")
    }
    return (found & {*rooms}) - {room}


def _below(direct: dict[str, set[str]], room: str) -> set[str]:
    found: set[str] = set()
    open_ = [room]
    while open_:
        for other in direct[open_.pop()] - found:
            found.add(other)
            open_.append(other)
    return found


def drawn(layers: list[list[str]], edges: set[tuple[str, str]]) -> str:
    """Return the picture as SVG; the same for the same code."""
    middle = {
        room: (WIDTH * at, TOP + n * ROW)
        for n, row in enumerate(layers)
        for room, at in zip(row, _across(n, len(row)), strict=True)
    }
    lines = [_arrow(*middle[above], *middle[below]) for above, below in sorted(edges)]
    boxes = [_box(room, *middle[room]) for room in middle]
    height = TOP + len(layers) * ROW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
            f"<style>{STYLE}</style>",
            '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
            ' orient="auto"><path class="tip" d="M0 0 L8 4 L0 8 z"/></marker>',
            *lines,
            *boxes,
            "</svg>\n",
        ]
    )


def _across(row: int, rooms: int) -> list[float]:
    """Return where the rooms of a row stand, 0 left to 1 right; single ones step to and fro."""
    if rooms == 1:
        return [(0.36, 0.5, 0.64, 0.5)[row % 4]]
    return [0.14 + 0.72 * k / (rooms - 1) for k in range(rooms)]


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    start, end = y + TALL, to_y - 2
    reach = min(60.0, (end - start) / 2)
    return (
        f'<path class="arrow" d="M{x:.0f} {start:.0f} C{x:.0f} {start + reach:.0f} '
        f'{to_x:.0f} {end - reach:.0f} {to_x:.0f} {end:.0f}"/>'
    )


def _box(room: str, x: float, y: float) -> str:
    wide = 9 * len(room) + 28
    return (
        f'<rect class="room" x="{x - wide / 2:.0f}" y="{y:.0f}" width="{wide}" height="{TALL}" '
        f'rx="8"/><text x="{x:.0f}" y="{y + 22:.0f}">{room}</text>'
    )


def main() -> None:
    layers = rows()
    picture = drawn(layers, arrows([room for row in layers for room in row]))
    if "--check" in sys.argv:
        same = PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == picture
        sys.exit(0 if same else "docs/rooms.svg is not what the code says: python -m tools.rooms")
    PICTURE.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
