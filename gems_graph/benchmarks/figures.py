"""The paper's Figures 4, 5, 6, 8 and 9 from our runs: PNG and SVG, light and dark, same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.rows import Row
from gems_graph.errors import ConfigError

THEMES = {
    "light": {"paper": "#ffffff", "ink": "#1f2430", "grid": "#d9dce3"},
    "dark": {"paper": "#15181f", "ink": "#e8eaf0", "grid": "#3a4050"},
}
COLORS = ("#3b82c4", "#e08a2c", "#3fa36b", "#c4515d", "#8a6fc9", "#a08060", "#d170ac", "#7f8794")
"""Told apart on both papers, in any order of their names."""
SIZE = 7.0, 4.0  # inches, at 100 dots


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw every figure that there is anything for.

    Raises:
        ConfigError: matplotlib is missing.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        msg = "Figures need the package matplotlib: pip install 'gems-graph[eval]'."
        raise ConfigError(msg) from error
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    # text as text, and ids that do not change from one drawing to the next
    for theme, colors in THEMES.items():
        style: Any = {"svg.hashsalt": "gems", "svg.fonttype": "path", "font.size": 10}
        with mpl.rc_context(style):
            for name, title, plot in _plots(rows):
                figure = Figure(figsize=SIZE, dpi=100, facecolor=colors["paper"])
                axes = figure.subplots()
                plot(axes)
                _dress(axes, title, colors)
                figure.tight_layout()
                files += _save(figure, folder / f"{name}-{theme}")
    return files


def _save(figure: Any, stem: Path) -> Iterator[Path]:
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
        file = stem.with_name(stem.name + suffix)
        figure.savefig(file, metadata=metadata, facecolor=figure.get_facecolor())
        yield file


def _plots(rows: Sequence[Row]) -> Iterator[tuple[str, str, Callable[[Any], None]]]:
    for task in dict.fromkeys(row.run["task"] for row in rows):
        mine = [row for row in rows if row.run["task"] == task]
        ways = list({row.label: row for row in mine}.values())
        title = open_task(task).title
        for route in dict.fromkeys(row.route for row in mine if row.score is not None):
            scored = [row for row in mine if row.route == route and row.score is not None]
            head = f"{title} ({route})"
            yield f"fig4-{task}-{route}", f"{head}: score by way", partial(_bars, rows=scored)
            yield f"fig6-{task}-{route}", f"{head}: score by pictures", partial(_dots, rows=scored)
        if any(row.taken.curve() for row in ways):
            yield f"fig5-{task}", f"{title}: criteria passed", partial(_curves, rows=ways)
        if any(max(row.taken.rounds, default=0) for row in ways):
            yield f"fig8-{task}", f"{title}: rounds used", partial(_rounds, rows=ways)
    if any({*row.taken.skills} - {"none"} for row in rows):
        yield "fig9", "Skills by benchmark", partial(_skills, rows=rows)


def _bars(axes: Any, rows: Sequence[Row]) -> None:
    """Draw scores with their intervals (Fig. 4)."""
    for k, row in enumerate(rows):
        score = row.score or 0.0
        low, high = (row.report or {}).get("interval") or (score, score)
        spread = [[max(0.0, score - low)], [max(0.0, high - score)]]
        axes.bar(k, score, color=_color(k), width=0.65)
        axes.errorbar(k, score, yerr=spread, fmt="none", ecolor="#888888", capsize=3)
    axes.set_xticks(range(len(rows)), [row.label for row in rows], rotation=25, ha="right")
    axes.set_ylabel("score, 95 % interval")


def _dots(axes: Any, rows: Sequence[Row]) -> None:
    """Draw scores against the pictures that each took (Fig. 6)."""
    for k, row in enumerate(rows):
        images = row.taken.images / max(row.taken.drawn, 1)
        axes.scatter([images], [row.score], color=_color(k), s=60, label=row.label)
    axes.set_xlabel("pictures drawn for each that counts")
    axes.set_ylabel("score")
    axes.legend()


def _curves(axes: Any, rows: Sequence[Row]) -> None:
    """Draw the share of criteria passed, best so far, by round (Fig. 5)."""
    for k, row in enumerate(rows):
        if curve := [100 * share for share in row.taken.curve()]:
            rounds = range(1, len(curve) + 1)
            axes.plot(rounds, curve, marker="o", color=_color(k), label=row.label)
    axes.set_xlabel("round")
    axes.set_ylabel("per cent of criteria passed, best so far")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend()


def _rounds(axes: Any, rows: Sequence[Row]) -> None:
    """Draw how many trajectories used how many rounds (Fig. 8)."""
    longest = max((n for row in rows for n in row.taken.rounds), default=0)
    width = 0.8 / len(rows)
    for k, row in enumerate(rows):
        places = [n + (k - (len(rows) - 1) / 2) * width for n in range(longest + 1)]
        shares = [100 * row.taken.rounds[n] / max(row.taken.drawn, 1) for n in range(longest + 1)]
        axes.bar(places, shares, width, color=_color(k), label=row.label)
    axes.set_xticks(range(longest + 1))
    axes.set_xlabel("rounds")
    axes.set_ylabel("per cent of trajectories")
    axes.legend()


def _skills(axes: Any, rows: Sequence[Row]) -> None:
    """Draw which skills were used in which benchmark (Fig. 9)."""
    by_task: dict[str, dict[str, int]] = {}
    for row in {(row.run["task"], row.label): row for row in rows}.values():
        counted = by_task.setdefault(row.run["task"], {})
        for name, count in row.taken.skills.items():
            counted[name] = counted.get(name, 0) + count
    names = sorted({name for counts in by_task.values() for name in counts})
    floor = [0.0] * len(by_task)
    for k, name in enumerate(names):
        sums = [sum(counts.values()) or 1 for counts in by_task.values()]
        shares = [
            100 * counts.get(name, 0) / n for counts, n in zip(by_task.values(), sums, strict=True)
        ]
        axes.bar(range(len(by_task)), shares, 0.6, bottom=floor, color=_color(k), label=name)
        floor = [a + b for a, b in zip(floor, shares, strict=True)]
    axes.set_xticks(range(len(by_task)), list(by_task), rotation=25, ha="right")
    axes.set_ylabel("per cent of uses")
    axes.legend()


def _color(k: int) -> str:
    return COLORS[k % len(COLORS)]


def _dress(axes: Any, title: str, colors: dict[str, str]) -> None:
    axes.set_title(title, color=colors["ink"])
    axes.set_facecolor(colors["paper"])
    axes.grid(axis="y", color=colors["grid"], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=colors["ink"])
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(colors["ink"])
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colors["ink"])
    if legend := axes.get_legend():
        legend.get_frame().set(facecolor=colors["paper"], edgecolor=colors["grid"])
        for text in legend.get_texts():
            text.set_color(colors["ink"])
