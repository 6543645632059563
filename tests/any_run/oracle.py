"""A small model of the loop: it knows what the doubles will say and nothing of the code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gems_graph.errors import (
    AnswerError,
    BudgetError,
    GemsError,
    GeneratorError,
    ModelError,
    RefusedError,
)
from tests.any_run.cases import Case
from tests.any_run.said import Label


@dataclass
class Ending:
    """How a run must end.

    Of siblings that fail in one superstep any may be told: `reasons`, `nodes` and `raised` hold
    the choices.
    """

    rounds: list[str] = field(default_factory=list)
    drawn: int = 0
    reasons: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    raised: list[Any] = field(default_factory=list)
    ran: list[tuple[str, int]] = field(default_factory=list)


ILL = TypeError
"""What becomes of an update that is not of State, whenever it comes."""
Fails = Callable[[str, int], list[Any]]


def walk(n_max: int, fails: Fails, words: Callable[[int], str], dials: dict[str, Any]) -> Ending:
    """Go through the loop of the paper, and say how it ends.

    Args:
        n_max: rounds at most.
        fails: what a node may fail with in a round; nothing: it does not.
        words: verdicts of a round.
        dials: `order`, `memory`, `raise_on_error`.
    """
    after = [["refiner", "compressor"]]
    if dials["order"] == "reference":
        after = [["compressor"], ["refiner"]]
    if dials["memory"] != "experience":
        after = [["refiner"]]
    end = Ending()

    def failed(n: int, *nodes: str) -> bool:
        end.ran += [(node, n) for node in nodes]
        failures = {node: each for node in nodes if (each := fails(node, n))}
        raised = [each for failure in failures.values() for each in failure]
        fatal = dials.get("raise_on_error") or not end.drawn
        end.raised = raised if fatal else [each for each in raised if each is ILL]
        end.nodes = set(failures)
        end.reasons = {"budget" if isinstance(e, BudgetError) else "error" for e in raised}
        return bool(failures)

    if failed(0, "planner", "decomposer"):
        return end
    for n in range(1, n_max + 1):
        if failed(n, "generator"):
            return end
        end.drawn = n
        if failed(n, "verifier"):
            return end
        end.rounds.append(words(n))
        end.reasons = {"passed" if set(words(n)) == {"y"} else "max_iterations"}
        if end.reasons == {"passed"} or n == n_max or any(failed(n, *nodes) for nodes in after):
            return end
    raise AssertionError


UNJUDGED = -1
"""Score of a round of which the Verifier answered nothing: worse than no pass at all."""


def restarts(scores: list[int], patience: int, redrawn: Callable[[int], bool]) -> list[bool]:
    """Tell after which rounds the loop goes back to the best one.

    Args:
        scores: passes of each round.
        patience: rounds without a better verdict.
        redrawn: after which rounds no new prompt was written.
    """
    best, quiet, told = UNJUDGED - 1, 0, []
    for n, score in enumerate(scores, start=1):
        quiet = 0 if score > best else quiet + 1
        best = max(best, score)
        told.append(0 < patience <= quiet)
        quiet = 0 if told[-1] or redrawn(n) else quiet
    return told


UNANSWERED = ("refused", "unusable")


class Oracle:
    """Knows what will be said, and so how the run must end."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.labels = self._labels()
        self.end = Ending()
        self._scores: list[int] = []
        self.end = walk(case.dials["max_iterations"], self.fails, self.words, case.dials)

    def _labels(self) -> str:
        own = self.case.checklist or self.case.fate("decompose") == "answer"
        picked = self._picks() and self.case.dials.get(
            "skill_criteria", self.case.dials.get("preset") != "reference"
        )
        return (self.case.letters if own else "U") + ("S" if picked else "")

    def _picks(self) -> bool:
        can = self.case.dials["max_skills"] > 0 and self.case.fate("select-skills") == "answer"
        return can and "signs" in self.case.said("select-skills")

    def fails(self, node: str, n: int) -> list[Any]:
        return list(getattr(self, f"_{node}")(n))

    def words(self, n: int) -> str:
        batched, fates = self._batched(n), {k: self._alone(n, k) for k in self.labels}
        told = {k: "u" if fates[k] in UNANSWERED else self.case.said("verify", n, k) for k in fates}
        row = "".join({**told, **batched}[label] for label in self.labels)
        nobody = not batched and {*fates.values()} <= {*UNANSWERED}
        self._scores = [*self._scores[: n - 1], UNJUDGED if nobody else row.count("y")]
        return row

    def _planner(self, _: int) -> list[type[GemsError]]:
        asks = self.case.dials["max_skills"] > 0
        if asks and (failure := self._failure(self.case.fate("select-skills"))):
            return failure
        writes = self._picks() or self.case.dials.get("enhance", False)
        return self._failure(self.case.fate("apply-skills")) if writes else []

    def _decomposer(self, _: int) -> list[type[GemsError]]:
        if self.case.checklist or self.case.fate("decompose") == "refused":
            return []
        return self._failure(self.case.fate("decompose"))

    def _generator(self, n: int) -> list[type[GemsError]]:
        return [] if self.case.fate("paint", n) == "answer" else [GeneratorError]

    def _verifier(self, n: int) -> list[type[GemsError]]:
        if self._in_one(n) and self.case.fate("verify-all", n) == "outage":
            return [ModelError]
        alone = [self._alone(n, k) for k in self.labels if k not in self._batched(n)]
        return [each for one in alone if one != "refused" for each in self._failure(one)]

    def _refiner(self, n: int) -> list[type[GemsError]]:
        dials = self.case.dials
        again = restarts(self._scores, dials["stagnation"], self.redraws)[-1]
        if again and dials.get("on_stagnation") == "reseed":
            return []
        return self._failure(self.case.fate("refine", n))

    def redraws(self, n: int) -> bool:
        """Tell whether nobody could read what the Refiner wrote after a round."""
        return self.case.fate("refine", n) == "unusable"

    def _compressor(self, n: int) -> list[type[GemsError]]:
        """Costs the experience, not the run."""
        unusable = self.case.fate("compress", n) == "unusable"
        return self._failure("unusable") if unusable else []

    def _failure(self, fate_: str) -> list[type[GemsError]]:
        by = {"refused": RefusedError, "outage": ModelError}
        if self.case.dials.get("strict"):
            by["unusable"] = AnswerError
        return [by[fate_]] if fate_ in by else []

    def _alone(self, n: int, label: Label) -> str:
        return self.case.fate("verify", n, label)

    def _in_one(self, n: int) -> bool:
        return self.case.dials.get("verify") == "batched" and len(self.labels) > 1

    def _batched(self, n: int) -> dict[Label, str]:
        """Return what one answer on all settles: said once, and not unsure."""
        if not self._in_one(n) or self.case.fate("verify-all", n) != "answer":
            return {}
        said = self.case.said("verify-all", n)
        numbers = Counter(k for k, _ in said)
        return {
            self.labels[k - 1]: word
            for k, word in said
            if 1 <= k <= len(self.labels) and numbers[k] == 1 and word != "u"
        }
