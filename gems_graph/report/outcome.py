"""How a trajectory ended, in a sentence, and the columns that show it in the strip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gems_graph.calls.ledger import total
from gems_graph.memory import seconds_worked, unjudged
from gems_graph.prompting.wording import counted, counted_criteria
from gems_graph.report.standing import standing
from gems_graph.state import Attempt, ImageRef, Verdict

_STOPPED = {"budget": "The budget was spent.", "cancelled": "Cancelled."}


@dataclass(frozen=True)
class Column:
    """One picture of the strip: a round, or the last attempt that nobody judged.

    It is the best `of` so many that were drawn of its prompt.
    """

    n: int
    prompt: str
    image: ImageRef
    verdicts: tuple[Verdict, ...] | None
    chosen: bool
    of: int = 1

    @property
    def judged(self) -> bool:
        """Whether the picture has verdicts."""
        return self.verdicts is not None

    @property
    def answers(self) -> tuple[str, ...]:
        """The verdicts in words; none where nobody judged."""
        return tuple(verdict["answer"] for verdict in self.verdicts or ())

    @property
    def score(self) -> str:
        """How many criteria hold, of how many."""
        return self.part(range(len(self.answers)))

    @property
    def perfect(self) -> bool:
        """Whether every criterion holds."""
        return set(self.answers) == {"yes"}

    def answer(self, k: int) -> str:
        """Return the verdict on criterion `k`; nothing where there is none."""
        return self.answers[k] if k < len(self.answers) else ""

    def reason(self, k: int) -> str:
        """Return why criterion `k` fails, as the Verifier said it; nothing where it holds."""
        verdicts = self.verdicts or ()
        holds = k >= len(verdicts) or verdicts[k]["answer"] == "yes"
        return "" if holds else verdicts[k]["evidence"]

    def part(self, which: Sequence[int]) -> str:
        """Return the score of some of the criteria; nothing where nobody judged."""
        if not self.judged:
            return ""
        return f"{sum(self.answer(k) == 'yes' for k in which)}/{len(which)}"


@dataclass(frozen=True)
class Summary:
    """How a run ended: its score if there is one, a sentence or two, facts by name."""

    score: str
    words: str
    success: bool
    facts: tuple[tuple[str, str], ...]


def summary_of(state: Mapping[str, Any]) -> Summary:
    """Return the summary of a run, however it ended."""
    result = state.get("result") or {}
    score = f"{result.get('passed', 0)}/{result.get('total', 0)}" if result.get("verified") else ""
    facts = {
        "Skill": ", ".join(state.get("skills", [])),
        "Used": _used(state),
        "Learned": _lessons(state),
    }
    present = tuple((name, text) for name, text in facts.items() if text)
    return Summary(score, outcome(state), bool(result.get("success")), present)


def columns_of(state: Mapping[str, Any]) -> list[Column]:
    """Return a column for each round, and one for each picture that was never judged, in order."""
    chosen = (state.get("result") or {}).get("round")
    columns = [
        _column(round_, tuple(round_["verdicts"]), chosen) for round_ in state.get("rounds", [])
    ]
    open_ones = unjudged(state)  # type: ignore[arg-type]  # reads keys, each if present
    return sorted([*columns, *(_column(a, None, chosen) for a in open_ones)], key=lambda c: c.n)


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


def _used(state: Mapping[str, Any]) -> str:
    """Say what a run took: calls, pictures, time."""
    usage = total(state.get("ledger", {}))
    if not usage["calls"]:
        return ""
    calls, pictures = counted(usage["calls"], "chat call"), counted(usage["images"], "picture")
    return f"{calls}, {pictures}, {seconds_worked(state.get('timings', [])):.1f} s"


def _lessons(state: Mapping[str, Any]) -> str:
    """Return what the rounds taught, each once, the latest first."""
    lessons = dict.fromkeys(text.strip() for text in reversed(state.get("experiences", [])))
    return " ".join(
        text if text.endswith((".", "!", "?", "。")) else f"{text}." for text in lessons
    )


def _column(attempt: Attempt, verdicts: tuple[Verdict, ...] | None, chosen: object) -> Column:
    n, of = attempt["n"], len(attempt.get("variations", ())) or 1
    return Column(n, attempt["prompt"], attempt["image"], verdicts, n == chosen, of)


def _reason(stop: Mapping[str, Any]) -> str:
    if stop.get("error"):
        return f"Stopped by an error: {stop['error']}"
    return _STOPPED.get(stop.get("reason", ""), "")


def _all_criteria(total: int) -> str:
    return f"all {total} criteria" if total > 1 else "its one criterion"
