"""What the shell completes by name: read from files and one index, without any heavy import."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from gems_graph import paths, plugins

Complete = Callable[[str], list[str]]
_MOST = 100  # names; nobody reads more


def words(of: list[str]) -> Complete:
    """Return what completes one of some words."""

    def complete(incomplete: str) -> list[str]:
        return _beginning(incomplete, of)

    return complete


def threads(incomplete: str) -> list[str]:
    """Complete names of kept trajectories in SQLite; of PostgreSQL none, as that may wait."""
    file = Path(paths.database())
    if "://" in str(paths.database()) or not file.is_file():
        return []
    address = f"file:{quote(str(file.resolve()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=0.2)) as database:
            return list(_threads(database, incomplete))
    except sqlite3.Error:  # locked, damaged, none of ours: nothing is completed
        return []


def strategies(incomplete: str) -> list[str]:
    """Complete names of strategies."""
    return _beginning(incomplete, plugins.file_names("strategies", "\nSTRATEGY = "))


def generators(incomplete: str) -> list[str]:
    """Complete names of generators."""
    return _beginning(incomplete, plugins.generators())


def skills(incomplete: str) -> list[str]:
    """Complete names of skills: packaged, the user's, the project's."""
    from gems_graph.skills.folders import sources

    found = {file.parent.name for each in sources([]) for file in each.folder.glob("*/SKILL.md")}
    return _beginning(incomplete, sorted(found))


def _beginning(incomplete: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _threads(database: sqlite3.Connection, begin: str) -> Iterator[str]:
    """Yield names from one to the next by the index: there may be many checkpoints of each."""
    query, compare = "SELECT min(thread_id) FROM checkpoints WHERE thread_id {} ?", ">="
    last = begin
    for _ in range(_MOST):
        (last,) = database.execute(query.format(compare), (last,)).fetchone()
        if last is None or not last.startswith(begin):
            return
        yield last
        compare = ">"
