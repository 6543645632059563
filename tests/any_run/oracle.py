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


def restarts(rounds: list[str], patience: int) -> list[bool]:
    """Tell after which rounds the loop goes back to the best one."""
    best, quiet, told = -1, 0, []
    for row in rounds:
        quiet = 0 if row.count("y") > best else quiet + 1
        best = max(best, row.count("y"))
        told.append(0 < patience <= quiet)
        quiet = 0 if told[-1] else quiet
    return told


class Oracle:
    """Knows what will be said, and so how the run must end."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.labels = self._labels()
        self.end = Ending()
        self._so_far: list[str] = []
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
        told = {k: "u" if fates[k] == "refused" else self.case.said("verify", n, k) for k in fates}
        row = "".join({**told, **batched}[label] for label in self.labels)
        self._so_far = [*self._so_far[: n - 1], row]
        return row

    def _planner(self, _: int) -> list[type[GemsError]]:
        asks = self.case.dials["max_skills"] > 0
        if asks and (failure := _failure(self.case.fate("select-skills"))):
            return failure
        writes = self._picks() or self.case.dials.get("enhance", False)
        return _failure(self.case.fate("apply-skills")) if writes else []

    def _decomposer(self, _: int) -> list[type[GemsError]]:
        out = not self.case.checklist and self.case.fate("decompose") == "outage"
        return [ModelError] if out else []

    def _generator(self, n: int) -> list[type[GemsError]]:
        return [] if self.case.fate("paint", n) == "answer" else [GeneratorError]

    def _verifier(self, n: int) -> list[type[GemsError]]:
        if self._in_one(n) and self.case.fate("verify-all", n) == "outage":
            return [ModelError]
        alone = [self._alone(n, k) for k in self.labels if k not in self._batched(n)]
        return [each for one in alone if one != "refused" for each in _failure(one)]

    def _refiner(self, n: int) -> list[type[GemsError]]:
        dials = self.case.dials
        again = restarts(self._so_far, dials["stagnation"])[-1]
        if again and dials.get("on_stagnation") == "reseed":
            return []
        return _failure(self.case.fate("refine", n))

    def _compressor(self, _: int) -> list[type[GemsError]]:
        return []  # costs the experience, not the run

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


def _failure(fate_: str) -> list[type[GemsError]]:
    by = {"unusable": AnswerError, "refused": RefusedError, "outage": ModelError}
    return [by[fate_]] if fate_ in by else []
