"""Rounds as they happen, for a notebook: the strip below the cell, drawn anew after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from PIL import Image

from gems_graph.errors import ConfigError, StoreError
from gems_graph.images import Store
from gems_graph.report.strip import strip

Show = Callable[[Image.Image], None]


class LiveStrip:
    """Shows a run's rounds while it goes on: `run("a red fish", on_event=LiveStrip())`.

    Args:
        store: of the run; by default the one that runs use by default.
        show: takes each strip; by default it replaces the one below the notebook's cell.

    Raises:
        ConfigError: there is no notebook to show it in.
    """

    def __init__(self, store: Store | None = None, show: Show | None = None) -> None:
        self._store = store or Store()
        self._show = show or _below_the_cell()
        self._rounds: dict[int, dict[str, Any]] = {}
        self.state: dict[str, Any] = {"experiences": [], "skills": []}

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event, and show what has changed."""
        take = getattr(self, f"_on_{event['type']}", None)
        if take is None:
            return
        take(event)
        attempts = [each for each in self._rounds.values() if "image" in each]
        self.state["rounds"] = [each for each in attempts if "verdicts" in each]
        self.state["attempt"] = next((each for each in attempts if "verdicts" not in each), None)
        if event["type"] in ("picture_ready", "verdict", "stopped") and attempts:
            self._draw()

    def _draw(self) -> None:
        try:
            image = strip(self.state, self._store)
        except StoreError:  # the run, which is paid for, goes on without being watched
            return
        self._show(image)

    def _on_run_started(self, event: Mapping[str, Any]) -> None:
        self.state |= {"prompt": event["prompt"], "criteria": event["criteria"]}
        self._rounds = {each["n"]: dict(each) for each in event["rounds"]}

    def _on_criteria(self, event: Mapping[str, Any]) -> None:
        self.state["criteria"] = event["criteria"]

    def _on_planned(self, event: Mapping[str, Any]) -> None:
        self.state["skills"] = event["skills"]

    def _on_round_started(self, event: Mapping[str, Any]) -> None:
        self._rounds[event["round"]] = {"n": event["round"], "prompt": event["prompt"]}

    def _on_picture_ready(self, event: Mapping[str, Any]) -> None:
        self._round(event)["image"] = event["image"]

    def _on_verdict(self, event: Mapping[str, Any]) -> None:
        self._round(event)["verdicts"] = event["verdicts"]

    def _on_lesson(self, event: Mapping[str, Any]) -> None:
        self.state["experiences"].append(event["experience"])

    def _on_stopped(self, event: Mapping[str, Any]) -> None:
        self.state["result"] = event["result"]

    def _round(self, event: Mapping[str, Any]) -> dict[str, Any]:
        n = event["round"]
        return self._rounds.setdefault(n, {"n": n, "prompt": self.state.get("prompt", "")})


def _below_the_cell() -> Show:
    try:
        display = import_module("IPython.display").display
    except ImportError as error:
        msg = "A live strip needs a notebook: pip install ipykernel, or pass show=..."
        raise ConfigError(msg) from error
    handle = display(display_id=True)
    show: Show = handle.update if handle else display
    return show
