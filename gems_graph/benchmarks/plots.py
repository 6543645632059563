"""What is drawn into each figure: bars, points, and small panels where there are many ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gems_graph.benchmarks.rows import Row

COLORS = ("#3b82c4", "#e08a2c", "#3fa36b", "#c4515d", "#8a6fc9", "#a08060", "#d170ac", "#7f8794")
"""Told apart on both papers, in any order of their names."""
MARKERS = "os^D"
_FAINT, _ACROSS = "#8888884d", 4


def bars(rows: Sequence[Row], figure: Any) -> None:
    """Draw scores with their intervals, one row a way (Fig. 4)."""
    figure.set_size_inches(7, 1.3 + 0.32 * len(rows))
    axes = figure.subplots()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    for k, row in enumerate(rows):
        low, high = _interval(row)
        score = row.score or 0.0
        axes.barh(k, score, color=color(k), height=0.65)
        axes.errorbar(score, k, xerr=[[score - low], [high - score]], fmt="none", capsize=3,
                      ecolor=axes.spines["left"].get_edgecolor(), elinewidth=1)  # fmt: skip
    axes.set_yticks(range(len(rows)), [f"{row.label}  {row.score or 0:.3g}" for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("score, 95 % interval")


def dots(rows: Sequence[Row], figure: Any) -> None:
    """Draw scores against the pictures that each took, with intervals (Fig. 6)."""
    figure.set_size_inches(7.5, max(3.6, 1.2 + 0.24 * len(rows)))
    axes = figure.subplots()
    drawn = [row.taken.images / max(row.taken.drawn, 1) for row in rows]
    for k, row in enumerate(rows):
        low, high = _interval(row)
        score = row.score or 0.0
        beside = (k % 5 - 2) * 0.012 * max(drawn)  # ways that do alike would hide each other
        axes.errorbar(
            [drawn[k] + beside], [score], yerr=[[score - low], [high - score]], color=color(k),
            marker=MARKERS[k // len(COLORS) % len(MARKERS)], markersize=8, elinewidth=1,
            linestyle="none", label=row.label,
        )  # fmt: skip
    axes.margins(0.08)
    axes.set_xlabel("pictures drawn for each that counts")
    axes.set_ylabel("score, 95 % interval")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def curves(rows: Sequence[Row], figure: Any) -> None:
    """Draw the share of criteria passed, best so far, by round; all ways, one marked (Fig. 5)."""
    found = {row.label: [100 * share for share in row.taken.curve()] for row in rows}
    found = {label: curve for label, curve in found.items() if curve}

    def draw(axes: Any, label: str, k: int) -> None:
        for other in found.values():
            axes.plot(range(1, len(other) + 1), other, color=_FAINT, linewidth=1)
        axes.plot(range(1, len(found[label]) + 1), found[label], marker="o", markersize=4,
                  color=color(k))  # fmt: skip
        axes.xaxis.get_major_locator().set_params(integer=True)

    places = {row.label: k for k, row in enumerate(rows)}
    panels({label: places[label] for label in found}, figure, draw)
    figure.supxlabel("round", fontsize=10)
    figure.supylabel("per cent of criteria passed, best so far", fontsize=10)


def rounds(rows: Sequence[Row], figure: Any) -> None:
    """Draw how many trajectories used how many rounds, one panel a way (Fig. 8)."""
    longest = max((n for row in rows for n in row.taken.rounds), default=0)
    by_label = {row.label: row.taken for row in rows if {*row.taken.rounds} - {0}}

    def draw(axes: Any, label: str, k: int) -> None:
        taken = by_label[label]
        shares = [100 * taken.rounds[n] / max(taken.drawn, 1) for n in range(1, longest + 1)]
        axes.bar(range(1, longest + 1), shares, 0.75, color=color(k))
        axes.set_xticks(range(1, longest + 1))

    panels({row.label: k for k, row in enumerate(rows) if row.label in by_label}, figure, draw)
    figure.supxlabel("rounds", fontsize=10)
    figure.supylabel("per cent of trajectories", fontsize=10)


def skills(rows: Sequence[Row], figure: Any) -> None:
    """Draw which skills were used in which benchmark, by ways that use any (Fig. 9)."""
    rows = [row for row in rows if {*row.taken.skills} - {"none"}]
    by_task: dict[str, dict[str, int]] = {}
    for row in {(row.run["task"], row.label): row for row in rows}.values():
        counted = by_task.setdefault(row.run["task"], {})
        for name, count in row.taken.skills.items():
            counted[name] = counted.get(name, 0) + count
    names = sorted({name for counts in by_task.values() for name in counts})
    figure.set_size_inches(7.5, 1.6 + 0.4 * len(by_task))
    axes, floor = figure.subplots(), [0.0] * len(by_task)
    axes.grid(visible=False)
    for k, name in enumerate(names):
        sums = [sum(counts.values()) or 1 for counts in by_task.values()]
        counts = [each.get(name, 0) for each in by_task.values()]
        shares = [100 * count / total for count, total in zip(counts, sums, strict=True)]
        axes.barh(range(len(by_task)), shares, 0.6, left=floor, color=color(k), label=name)
        floor = [a + b for a, b in zip(floor, shares, strict=True)]
    axes.set_yticks(range(len(by_task)), list(by_task))
    axes.invert_yaxis()
    axes.set_xlabel("per cent of uses")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def panels(places: dict[str, int], figure: Any, draw: Callable[[Any, str, int], None]) -> None:
    """Draw one small panel a way, on common scales.

    Args:
        places: labels, each with the number of its colour.
        figure: empty.
        draw: into a panel, for a label and its number.
    """
    across = min(len(places), _ACROSS)
    down = -(-len(places) // across)
    figure.set_size_inches(max(4.0, 2.1 * across + 0.6), 0.9 + 1.75 * down)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes, (label, k) in zip(grid.flat, places.items(), strict=False):
        draw(axes, label, k)
        axes.set_title(label, fontsize=10, color=color(k))
    for axes in grid.flat[len(places) :]:
        axes.set_visible(False)
    for axes in grid.flat[len(places) - across : len(places)]:
        axes.tick_params(labelbottom=True)


def color(k: int) -> str:
    """Return the colour of the k-th way; they come again after eight."""
    return COLORS[k % len(COLORS)]


def _interval(row: Row) -> tuple[float, float]:
    """Return the interval of a row's score, which it holds; without one, the score itself."""
    score = row.score or 0.0
    low, high = (row.report or {}).get("interval") or (score, score)
    return min(low, score), max(high, score)
