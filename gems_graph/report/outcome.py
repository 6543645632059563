"""How a trajectory ended, in a sentence, and the columns that show it in the strip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gems_graph.memory import unverified
from gems_graph.report.standing import standing
from gems_graph.state import Attempt, ImageRef
from gems_graph.wording import counted, counted_criteria

_STOPPED = {"budget": "The budget was spent.", "cancelled": "Cancelled."}


@dataclass(frozen=True)
class Column:
    """One picture of the strip: a round, or the last attempt that nobody judged."""

    n: int
    prompt: str
    image: ImageRef
    answers: tuple[str, ...] | None
    chosen: bool

    @property
    def judged(self) -> bool:
        """Whether the picture has verdicts."""
        return self.answers is not None

    @property
    def score(self) -> str:
        """How many criteria hold, of how many."""
        return self.part(range(len(self.answers or ())))

    @property
    def perfect(self) -> bool:
        """Whether every criterion holds."""
        return set(self.answers or ()) == {"yes"}

    def answer(self, k: int) -> str:
        """Return the verdict on criterion `k`; nothing where there is none."""
        answers = self.answers or ()
        return answers[k] if k < len(answers) else ""

    def part(self, which: Sequence[int]) -> str:
        """Return the score of some of the criteria; nothing where nobody judged."""
        if not self.judged:
            return ""
        return f"{sum(self.answer(k) == 'yes' for k in which)}/{len(which)}"


@dataclass(frozen=True)
class Summary:
    """How a run ended: its score if there is one, a sentence or two, the skills used."""

    score: str
    words: str
    success: bool
    skills: str


def summary_of(state: Mapping[str, Any]) -> Summary:
    """Return the summary of a run, however it ended."""
    result = state.get("result") or {}
    score = f"{result.get('passed', 0)}/{result.get('total', 0)}" if result.get("verified") else ""
    skills = ", ".join(state.get("skills", []))
    words = f"Skill: {skills}" if skills else ""
    return Summary(score, outcome(state), bool(result.get("success")), words)


def columns_of(state: Mapping[str, Any]) -> list[Column]:
    """Return a column for each round, and one for a picture that was never judged."""
    chosen = (state.get("result") or {}).get("round")
    columns = [
        _column(round_, tuple(v["answer"] for v in round_["verdicts"]), chosen)
        for round_ in state.get("rounds", [])
    ]
    last = unverified(state)  # type: ignore[arg-type]  # reads two keys, each if present
    return [*columns, _column(last, None, chosen)] if last else columns


def outcome(state: Mapping[str, Any]) -> str:
    """Say in a sentence or two how the run ended."""
    result, count = state.get("result") or {}, len(state.get("rounds", []))
    stop = result.get("stop") or state.get("stop") or {}
    if not result:
        when = f"after {counted(count, 'round')}" if count else "in the first round"
        return f"Interrupted {when}. {_reason(stop)}".strip()
    if not result.get("verified"):
        return f"Not verified: {stop.get('error') or _reason(stop) or result.get('why', '')}"
    passed, total = result.get("passed", 0), result.get("total", 0)
    if result.get("success"):
        return f"Round {result.get('round')} passes {_all_criteria(total)}."
    criteria = f"{passed} of {counted_criteria(total)}"
    if standing(state) == "accepted":
        return f"Round {result.get('round')} is accepted as it is: {criteria}."
    return f"Best of {counted(count, 'round')}: {criteria}. {_reason(stop)}".strip()


def _column(attempt: Attempt, answers: tuple[str, ...] | None, chosen: object) -> Column:
    n = attempt["n"]
    return Column(n, attempt["prompt"], attempt["image"], answers, n == chosen)


def _reason(stop: Mapping[str, Any]) -> str:
    if stop.get("error"):
        return f"Stopped by an error: {stop['error']}"
    return _STOPPED.get(stop.get("reason", ""), "")


def _all_criteria(total: int) -> str:
    return f"all {total} criteria" if total > 1 else "its one criterion"
