"""The paper's Figures 4, 5, 6, 8 and 9 from our runs: PNG and SVG, light and dark, same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gems_graph.benchmarks import plots
from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.rows import Row
from gems_graph.errors import ConfigError

THEMES = {
    "light": {"paper": "#ffffff", "ink": "#1f2430", "grid": "#d9dce3"},
    "dark": {"paper": "#15181f", "ink": "#e8eaf0", "grid": "#3a4050"},
}
DOTS = 100  # an inch


def draw(rows: Sequence[Row], folder: Path, only: Sequence[str] = ()) -> list[Path]:
    """Draw every figure that there is anything for.

    Args:
        rows: of all runs.
        folder: made where it is missing.
        only: names of figures, such as `fig4`; none: all.

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
    for theme, colors in THEMES.items():
        with mpl.rc_context(_style(colors)):
            for name, title, plot in _plots(rows):
                if only and name.split("-")[0] not in only:
                    continue
                figure = Figure(dpi=DOTS, layout="constrained")
                plot(figure)
                figure.suptitle(title, fontsize=12)
                files += _save(figure, folder / f"{name}-{theme}")
    return files


def _style(colors: dict[str, str]) -> Any:
    """Return what makes a theme; text as text, and ids that stay from one drawing to the next."""
    ink, paper, grid = colors["ink"], colors["paper"], colors["grid"]
    inks = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    papers = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
    return {
        "svg.hashsalt": "gems", "svg.fonttype": "none", "font.size": 10, "axes.grid": True,
        "axes.grid.axis": "y", "grid.color": grid, "axes.axisbelow": True, "legend.edgecolor": grid,
        "axes.spines.top": False, "axes.spines.right": False,
        **dict.fromkeys(inks, ink), **dict.fromkeys(papers, paper),
    }  # fmt: skip


def _save(figure: Any, stem: Path) -> Iterator[Path]:
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None})):
        file = stem.with_name(stem.name + suffix)
        figure.savefig(file, metadata=metadata)
        yield file


def _plots(rows: Sequence[Row]) -> Iterator[tuple[str, str, Callable[[Any], None]]]:
    for task in dict.fromkeys(row.run["task"] for row in rows):
        mine = [row for row in rows if row.run["task"] == task]
        ways = list({row.label: row for row in mine}.values())
        title = open_task(task).title
        for route in dict.fromkeys(row.route for row in mine if row.score is not None):
            scored = [row for row in mine if row.route == route and row.score is not None]
            head = f"{title} ({route})"
            yield f"fig4-{task}-{route}", f"{head}: score by way", partial(plots.bars, scored)
            yield (
                f"fig6-{task}-{route}", f"{head}: score by pictures drawn",
                partial(plots.dots, scored),
            )  # fmt: skip
        if any(row.taken.curve() for row in ways):
            yield f"fig5-{task}", f"{title}: criteria passed by round", partial(plots.curves, ways)
        if any(max(row.taken.rounds, default=0) for row in ways):
            yield f"fig8-{task}", f"{title}: rounds used", partial(plots.rounds, ways)
    if any({*row.taken.skills} - {"none"} for row in rows):
        yield "fig9", "Skills by benchmark", partial(plots.skills, rows)
