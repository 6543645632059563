"""What a run has come to, folded from its events: for a table, a bar or a page to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gems_graph.calls.ledger import Ledger, add
from gems_graph.state import Criterion, Round, Verdict


class View:
    """Takes events; those that it does not know change nothing.

    Attributes:
        prompt: the request (U).
        criteria: what pictures are judged by.
        verdicts: by round, in the order of the criteria.
        working: what `node_started` said of the nodes at work; one may work several times at once.
        used: by role, with what a resumed run had used before.
    """

    def __init__(self) -> None:
        self.prompt = ""
        self.criteria: list[Criterion] = []
        self.verdicts: dict[int, list[Verdict]] = {}
        self.working: list[Mapping[str, Any]] = []
        self.used: Ledger = {}
        self._progress = ""

    def take(self, event: Mapping[str, Any]) -> None:
        """Take note of an event."""
        take = getattr(self, f"_on_{event['type']}", None)
        if take:
            take(event)

    @property
    def work(self) -> str:
        """What is being done now, in a line: `round 2: drawing, step 3 of 8`."""
        n = max((each["round"] for each in self.working), default=0)
        words = " and ".join(dict.fromkeys(each["doing"] for each in self.working))
        return f"{f'round {n}: ' * (n > 0)}{words}{self._progress}"

    @property
    def questions(self) -> list[str]:
        """The criteria as questions."""
        return [criterion["question"] for criterion in self.criteria]

    @property
    def answers(self) -> dict[int, list[str]]:
        """The answers of each round, in the order of the criteria."""
        return {n: [v["answer"] for v in self.verdicts[n]] for n in sorted(self.verdicts)}

    @property
    def state(self) -> dict[str, Any]:
        """As much of the graph's state as events tell."""
        rounds = [{"n": n, "verdicts": verdicts} for n, verdicts in sorted(self.verdicts.items())]
        return {
            "prompt": self.prompt, "criteria": self.criteria, "rounds": rounds,
            "ledger": self.used,
        }  # fmt: skip

    def _on_run_started(self, event: Mapping[str, Any]) -> None:
        rounds: Sequence[Round] = event["rounds"]
        self.prompt, self.criteria, self.used = event["prompt"], event["criteria"], event["used"]
        self.verdicts = {round_["n"]: round_["verdicts"] for round_ in rounds}
        self.working, self._progress = [], ""

    def _on_node_started(self, event: Mapping[str, Any]) -> None:
        self.working.append(event)
        self._progress = ""

    def _on_node_ended(self, event: Mapping[str, Any]) -> None:
        matching = [each for each in self.working if each["node"] == event["node"]]
        if matching:  # which of several has ended makes no difference
            self.working.remove(matching[0])
        self._progress = ""
        self.used = add(self.used, event["used"])

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        self._progress = f", {event['what']} {event['done']} of {event['of']}"

    def _on_waiting(self, event: Mapping[str, Any]) -> None:
        self._progress = f", waiting {event['seconds']:.0f} s: {event['who']} {event['why']}"

    def _on_criteria(self, event: Mapping[str, Any]) -> None:
        self.criteria = event["criteria"]

    def _on_verdict(self, event: Mapping[str, Any]) -> None:
        self.verdicts[event["round"]] = event["verdicts"]
