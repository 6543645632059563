"""A report: one trajectory as a page, many as a gallery; one file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from gems_graph.calls.ledger import Ledger, add, total
from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.report.html.pictures import Embedded
from gems_graph.report.html.render import page
from gems_graph.report.html.views import Kept, view_of, wanted_of
from gems_graph.report.standing import STANDINGS
from gems_graph.system.replacing import replace_file

MOST = 1_000
"""Trajectories in one gallery; a browser would labour with more."""


def report(trajectories: Sequence[Kept], store: Store, title: str = "", more: int = 0) -> str:
    """Return the page of one trajectory, or the gallery of several, which can be sorted.

    Args:
        trajectories: at least one; of more than `MOST`, the first.
        store: holds the pictures that no folder has; what is missing is said in its place.
        title: of a gallery.
        more: how many the caller has left out already.
    """
    shown = trajectories[:MOST]
    more += len(trajectories) - len(shown)
    pictures = Embedded(store, [one for each in shown for one in wanted_of(each)])
    views = [view_of(each, pictures) for each in shown]
    if len(views) == 1:
        return page("trajectory.html", views[0].prompt or "GEMS", each=views[0])
    words = Counter(view.standing for view in views)
    ledgers: list[Ledger] = [{"all": view.used} for view in views]
    return page(
        "gallery.html", title or "Trajectories", script="gallery.js", all=views,
        standings=[(word, words[word]) for word in STANDINGS if words[word]],
        rounds=sum(len(view.rounds) for view in views), used=total(reduce(add, ledgers, {})),
        left_out=f"These are the first {len(shown):,}; {more:,} more are left out." if more else "",
    )  # fmt: skip


def write_report(
    file: Path, trajectories: Sequence[Kept], store: Store, title: str = "", more: int = 0
) -> Path:
    """Write a report, whole or not at all, and return its file; arguments as of `report`.

    Raises:
        StoreError: it cannot be written.
    """
    text = report(trajectories, store, title, more)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, text.encode("utf-8", "replace"))
    except OSError as error:
        msg = f"Cannot write to {file} ({error.strerror or error}); name another file."
        raise StoreError(msg) from error
    return file
