"""One kept trajectory, finished or not, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gems_graph.errors import UsageError
from gems_graph.images import Store, needed_by
from gems_graph.memory import has_image
from gems_graph.persistence.history import Parent, parent_of, standing_of
from gems_graph.persistence.last import read_last
from gems_graph.persistence.threads import Threads
from gems_graph.report import folder as folders
from gems_graph.report.html import reading
from gems_graph.report.html.views import Kept
from gems_graph.report.standing import Standing
from gems_graph.state import ImageRef, Result, State, Stop
from gems_graph.strategies import strategy_of


@dataclass(frozen=True)
class Shown:
    """A trajectory as it stands; `when` it was worked on last (ISO 8601)."""

    thread: str
    state: State
    standing: Standing
    when: str
    parent: Parent | None
    store: Store

    def record(self) -> dict[str, Any]:
        """Return what `trajectory.json` holds; `result` is None as long as there is none.

        Raises:
            StoreError: a long text is missing from the image store.
        """
        result = self.state.get("result") or Result(stop=self.state.get("stop", {}))
        with needed_by(self.state["trajectory"], self.thread):
            record = folders.record({**self.state, "result": result}, self.store, self._about())
        return record if self.state.get("result") else {**record, "result": None}

    def write(self, requested_folder: Path) -> Path:
        """Write the folder of the run again, with the best picture so far if it is unfinished.

        Returns:
            The folder: the requested one, or one beside it if that holds a run already.

        Raises:
            UsageError: there is no picture yet.
            StoreError: a picture is missing, or the folder cannot be written.
        """
        if not has_image(self.state):
            msg = f"{self.thread!r} has no picture yet: gems resume {self.thread}"
            raise UsageError(msg)
        state: State = {**self.state}
        if not state.get("result"):
            state["stop"] = state.get("stop") or Stop(reason="cancelled")
            state["result"] = strategy_of(state).result(state)
        folder = folders.free_folder(requested_folder)
        folders.write(folder, state, self.store, self._about())
        return folder

    def places(self, folder: Path | None) -> Callable[[str, ImageRef], object]:
        """Return where a picture can be opened: in a folder of the run, else in the store."""

        def place(name: str, ref: ImageRef) -> object:
            return folder / name if folder else self.store.where(ref["sha256"])

        return place

    def _about(self) -> dict[str, Any]:
        return {"thread": self.thread, "state": self.standing, "parent": self.parent}


def kept_of(shown: Shown) -> Kept:
    """Return a trajectory as reports take it; reads files, so not on the event loop."""
    return reading.kept_of(shown.state, shown.store, shown.thread, shown.standing)


async def look_up(threads: Threads, thread: str | None = None) -> Shown:
    """Return a thread's latest trajectory; by default that of the thread worked on last.

    Raises:
        UsageError: there is none.
        ConfigError: a newer release wrote it.
        StoreError: its checkpoint is damaged.
    """
    thread = thread or await threads.latest()
    state = await threads.state(thread)
    last = await read_last(threads.saver, thread)
    parent = await parent_of(threads, thread, state["trajectory"])
    status = standing_of(last, busy=thread in await threads.claims.busy())
    return Shown(thread, state, status, last.when or "", parent, threads.store)
