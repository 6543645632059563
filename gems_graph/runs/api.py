"""One call from prompt to picture, and the trajectory it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from gems_graph import paths
from gems_graph.calls.ledger import Ledger
from gems_graph.graph import build_graph
from gems_graph.images import Store, needed_by
from gems_graph.state import Input, Result, Round, State


@dataclass(frozen=True)
class Trajectory:
    """A finished run: the best picture, every round, and why the loop ended."""

    state: State
    store: Store

    @property
    def result(self) -> Result:
        """The chosen picture, by reference, with score, stop reason and why."""
        return self.state["result"]

    @property
    def success(self) -> bool:
        """Whether every criterion holds for the chosen picture."""
        return self.result["success"]

    @property
    def rounds(self) -> list[Round]:
        """All verified rounds, in order."""
        return self.state["rounds"]

    @property
    def ledger(self) -> Ledger:
        """What each role used: calls, tokens, images, seconds, cost."""
        return self.state["ledger"]

    @property
    def image(self) -> Image.Image:
        """The chosen picture, decoded."""
        with needed_by(self.state.get("trajectory", "")):
            return self.store.open(self.result["image"])


def run(
    prompt: str, *, checklist: Sequence[str] | None = None, store: Store | None = None, **build: Any
) -> Trajectory:
    """Draw, check and refine until every criterion holds or the rounds are spent.

    Args:
        prompt: what to draw (U), in any language.
        checklist: your own yes/no criteria, instead of the Decomposer.
        store: where pictures go; by default `GEMS_IMAGES`, else `images` under `GEMS_HOME`.
        build: whatever `build_graph` takes: `mllm`, `generator`, single settings.

    Raises:
        GemsError: nothing could be drawn; the message names the remedy.
    """
    store = store or Store(paths.images())
    state = build_graph(store=store, **build).invoke(_input(prompt, checklist))
    return Trajectory(state, store)  # type: ignore[arg-type]  # v1 of invoke is typed loosely


async def arun(
    prompt: str, *, checklist: Sequence[str] | None = None, store: Store | None = None, **build: Any
) -> Trajectory:
    """Do what `run` does, from async code.

    Raises:
        GemsError: nothing could be drawn; the message names the remedy.
    """
    store = store or Store(paths.images())
    state = await build_graph(store=store, **build).ainvoke(_input(prompt, checklist))
    return Trajectory(state, store)  # type: ignore[arg-type]  # v1 of ainvoke is typed loosely


def _input(prompt: str, checklist: Sequence[str] | None) -> Input:
    if checklist is None:
        return Input(prompt=prompt)
    return Input(prompt=prompt, checklist=list(checklist))
