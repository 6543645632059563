"""Figures of a Verifier: accuracy, calibration of p(yes), agreement of two ways of asking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gems_graph.state import Verdict

UNANSWERED = ("unreadable", "refused")
"""Why there is no answer: such verdicts are unsure."""
_BINS = 10
_Z = 1.96  # 95 per cent


class Answered(NamedTuple):
    """A verdict and the truth."""

    verdict: Verdict
    holds: bool
    skill: str

    @property
    def right(self) -> bool:
        """Whether the verdict is clear and true; `unsure` is not."""
        return self.verdict["answer"] == ("yes" if self.holds else "no")


def figures(answered: Sequence[Answered]) -> dict[str, Any]:
    """Return what is known of one way of asking.

    `accuracy` counts `unsure` as not right and stands with its 95 per cent interval (Wilson);
    `false_yes` and `false_no` are shares of the questions whose answer is no and yes.
    """
    yes = [a for a in answered if a.holds]
    no = [a for a in answered if not a.holds]
    low, high = _wilson(sum(a.right for a in answered), len(answered))
    return {
        "questions": len(answered),
        "accuracy": _mean(a.right for a in answered),
        "accuracy_95": [low, high],
        "unsure": _mean(a.verdict["answer"] == "unsure" for a in answered),
        **{why: sum(a.verdict.get("unanswered") == why for a in answered) for why in UNANSWERED},
        "false_yes": _mean(a.verdict["answer"] == "yes" for a in no),
        "false_no": _mean(a.verdict["answer"] == "no" for a in yes),
        **calibration(answered),
        "by_skill": {
            skill: _mean(a.right for a in answered if a.skill == skill)
            for skill in dict.fromkeys(a.skill for a in answered)
            if skill
        },
    }


def calibration(answered: Sequence[Answered]) -> dict[str, Any]:
    """Return how far p(yes) can be believed, over the verdicts that have one.

    `brier`: the mean of (p - truth)^2, 0.25 for a coin; `ece`: the mean distance of p(yes) from
    the share of yes in ten bins of equal width, weighted by their verdicts.
    """
    pairs = [(a.verdict["p_yes"], a.holds) for a in answered]
    known = [(p, holds) for p, holds in pairs if p is not None]
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, holds in known:
        bins.setdefault(min(int(p * _BINS), _BINS - 1), []).append((p, holds))
    apart = sum(abs(sum(p for p, _ in each) - sum(h for _, h in each)) for each in bins.values())
    return {
        "with_p_yes": len(known),
        "brier": _mean((p - holds) ** 2 for p, holds in known),
        "ece": round(apart / len(known), 4) if known else None,
    }


def agreement(first: Sequence[Verdict | None], second: Sequence[Verdict | None]) -> float | None:
    """Return the share of questions that two ways of asking answer alike, where both did."""
    return _mean(a["answer"] == b["answer"] for a, b in zip(first, second, strict=True) if a and b)


def _mean(values: Iterable[float]) -> float | None:
    listed = [*values]
    return round(sum(listed) / len(listed), 4) if listed else None


def _wilson(right: int, of: int) -> tuple[float, float]:
    """Return the 95 per cent interval of a share (Wilson, 1927)."""
    if not of:
        return 0.0, 1.0
    share, z2 = right / of, _Z**2 / of
    middle = share + z2 / 2
    spread = _Z * math.sqrt(share * (1 - share) / of + z2 / of / 4)
    low, high = (middle - spread) / (1 + z2), (middle + spread) / (1 + z2)
    return round(max(0.0, low), 4), round(min(1.0, high), 4)
