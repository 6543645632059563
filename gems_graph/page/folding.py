"""A run's events folded into a state, so that what is not over yet is shown like what is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gems_graph.calls.ledger import add

_EMPTY: dict[str, Any] = {
    "prompt": "", "criteria": [], "rounds": [], "drawn": [], "experiences": [], "notes": [],
    "ledger": {}, "skills": [],
}  # fmt: skip


class Folding:
    """Takes events; `state` has the channels of the graph's state as far as events tell them.

    Args:
        before: the state of a run that goes on.
    """

    def __init__(self, before: Mapping[str, Any]) -> None:
        kept = {name: before.get(name) or empty for name, empty in _EMPTY.items()}
        self.state: dict[str, Any] = {**kept, "settings": before.get("settings") or {}}
        self._attempts: dict[int, dict[str, Any]] = {}
        self._origins: dict[int, str] = {}

    @property
    def awaited(self) -> list[Mapping[str, Any]]:
        """The attempts whose pictures are being drawn: number, prompt, seed."""
        return [each for each in self._attempts.values() if "image" not in each]

    def take(self, event: Mapping[str, Any]) -> None:
        """Take note of an event; one that it does not know changes nothing."""
        take = getattr(self, f"_on_{event['type']}", None)
        if take:
            take(event)

    def _on_run_started(self, event: Mapping[str, Any]) -> None:
        self.state |= {
            "prompt": event["prompt"] or self.state["prompt"], "criteria": event["criteria"],
            "rounds": [*event["rounds"]], "ledger": event["used"],
        }  # fmt: skip

    def _on_criteria(self, event: Mapping[str, Any]) -> None:
        self.state["criteria"] = event["criteria"]

    def _on_planned(self, event: Mapping[str, Any]) -> None:
        self.state["skills"] = event["skills"]
        self._origins[1] = "planner"

    def _on_refined(self, event: Mapping[str, Any]) -> None:
        self._origins[event["round"]] = event["origin"]

    def _on_round_started(self, event: Mapping[str, Any]) -> None:
        n = event["round"]
        told = {"n": n, "prompt": event["prompt"], "seed": event["seed"]}
        self._attempts[n] = {**told, "origin": self._origins.get(n, "")}

    def _on_picture_ready(self, event: Mapping[str, Any]) -> None:
        attempt = self._attempts.setdefault(event["round"], {"n": event["round"], "prompt": ""})
        attempt["image"] = event["image"]
        self.state["drawn"] = [each for each in self._attempts.values() if "image" in each]

    def _on_verdict(self, event: Mapping[str, Any]) -> None:
        n, rounds = event["round"], {each["n"]: each for each in self.state["rounds"]}
        attempt = self._attempts.pop(n, None) or rounds.get(n)  # a person may overrule a round
        if attempt is not None:
            rounds[n] = {**attempt, "verdicts": event["verdicts"]}
            self.state["rounds"] = [rounds[each] for each in sorted(rounds)]
            self.state["drawn"] = [each for each in self._attempts.values() if "image" in each]

    def _on_lesson(self, event: Mapping[str, Any]) -> None:
        self.state["experiences"] = [*self.state["experiences"], event["experience"]]

    def _on_note(self, event: Mapping[str, Any]) -> None:
        self.state["notes"] = [*self.state["notes"], event["text"]]

    def _on_node_ended(self, event: Mapping[str, Any]) -> None:
        self.state["ledger"] = add(self.state["ledger"], event["used"])
