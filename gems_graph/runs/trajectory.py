"""What a run came to, for Python and notebooks: the picture, every round, why the loop ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from PIL import Image

from gems_graph.calls.ledger import Ledger
from gems_graph.errors import UsageError
from gems_graph.images import Store, needed_by
from gems_graph.images.normal import as_png
from gems_graph.memory import unjudged
from gems_graph.prompting.wording import counted, counted_criteria
from gems_graph.report import folder as folders
from gems_graph.report.saving import save_picture
from gems_graph.report.standing import Standing, standing
from gems_graph.runtime.given import check_mapping, store_in
from gems_graph.state import Result, Round, State

_PROMPT = 60  # characters of a prompt in a short line


@dataclass(frozen=True, repr=False)
class Trajectory:
    """A run and its pictures: `Trajectory(graph.invoke({"prompt": ...})).image`.

    Args:
        state: what the graph returned.
        store: holds the pictures; by default the one that graphs use by default.
    """

    state: Mapping[str, Any]
    store: Store = field(default_factory=Store.default)

    def __post_init__(self) -> None:
        store_in(self.store)
        check_mapping(self.state, "Trajectory takes what a graph returned")

    @property
    def result(self) -> Result:
        """The chosen picture, by reference, with score, stop reason and why.

        Raises:
            UsageError: there is none yet.
        """
        if not self.state.get("result"):
            msg = "This run has no result: it waits for an answer, or was stopped before its end."
            raise UsageError(msg)
        return cast(Result, self.state["result"])

    @property
    def success(self) -> bool:
        """Whether every criterion holds for the chosen picture."""
        return bool((self.state.get("result") or {}).get("success"))

    @property
    def standing(self) -> Standing:
        """How it stands: passed, best effort, accepted, waiting, failed or interrupted."""
        return standing(self.state, waits=self._waits)

    @property
    def rounds(self) -> list[Round]:
        """All verified rounds, in order."""
        return list(self.state.get("rounds", []))

    @property
    def ledger(self) -> Ledger:
        """What each role used: calls, tokens, images, seconds, cost."""
        return dict(self.state.get("ledger", {}))

    @property
    def image(self) -> Image.Image:
        """The chosen picture, decoded.

        Raises:
            UsageError: there is none yet.
            StoreError: it is missing from the store, or damaged.
        """
        with needed_by(self.state.get("trajectory", "")):
            return self.store.open(self.result["image"])

    @property
    def images(self) -> list[Image.Image]:
        """The picture of each round, decoded; also those that nobody has judged.

        Raises:
            StoreError: one is missing from the store, or damaged.
        """
        state = cast(State, self.state)
        attempts = sorted([*self.rounds, *unjudged(state)], key=lambda attempt: attempt["n"])
        with needed_by(self.state.get("trajectory", "")):
            return [self.store.open(attempt["image"]) for attempt in attempts]

    def strip(self) -> Image.Image:
        """Draw all rounds as one picture, with verdicts: what `rounds.png` shows.

        Raises:
            StoreError: a picture is missing from the store, or damaged.
        """
        from gems_graph.report.strip import strip  # late: no call waits until it can draw

        with needed_by(self.state.get("trajectory", "")):
            return strip(self.state, self.store)

    def show(self) -> None:
        """Show all rounds: in a notebook below the cell, else in this machine's picture viewer."""
        if "ipykernel" in sys.modules:
            from IPython.display import display

            display(self.strip())
        else:
            self.strip().show()

    def report(self, file: str | Path = "report.html") -> Path:
        """Write a page of everything, which needs nothing beside it, and return its file.

        Raises:
            StoreError: it cannot be written.
        """
        from gems_graph.report.html.reading import kept_of
        from gems_graph.report.html.reports import write_report

        kept = kept_of(self.state, self.store, word=self.standing)
        return write_report(Path(file), [kept], self.store)

    def save(self, path: str | Path) -> Path:
        """Write the chosen picture to a file, or all that `gems run` writes to a folder.

        A picture carries what is known of it: request, prompt, seed, models, verdict.

        Args:
            path: with a suffix that Pillow knows (`fox.png`) the file, which is replaced; without
                one a folder; where that holds a run already, one beside it.

        Returns:
            What was written.

        Raises:
            UsageError: there is no picture yet, or no such kind of file.
            StoreError: it cannot be written, or a picture is missing.
        """
        if not (path := Path(path)).suffix:
            folder, state = folders.free_folder(path), {**self.state, "result": self.result}
            folders.write(folder, cast(State, state), self.store, {})
            return folder
        return save_picture(self.image, path, self.state)

    def __repr__(self) -> str:
        prompt = str(self.state.get("prompt", ""))
        short = prompt if len(prompt) <= _PROMPT else f"{prompt[:_PROMPT].rstrip()}…"
        result, rounds = self.state.get("result") or {}, counted(len(self.rounds), "round")
        score = f", {result['passed']} of {counted_criteria(result['total'])}" if result else ""
        return f"<Trajectory {short!r}: {self.standing}{score}, {rounds}>"

    def _repr_png_(self) -> bytes:
        """Return all rounds as a picture, for notebooks, also where they are read elsewhere."""
        return as_png(self.strip())

    @property
    def _waits(self) -> bool:
        return bool(self.state.get("__interrupt__"))
