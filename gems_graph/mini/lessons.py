"""Writes one lesson about an attempt, in a form that the refiner parses."""

from __future__ import annotations

from collections.abc import Sequence

from gems_graph.mini.grammar import parse_request
from gems_graph.mini.messages import Attempt
from gems_graph.mini.refining import Outcome, outcome_of
from gems_graph.mini.wordings import STYLES

_NAMED = 2  # failures told in full, so that a lesson stays below some sixty words


def write_lesson(text: str, current: Attempt, history: Sequence[Attempt]) -> str:
    """Say which wording was tried, what it achieved, and what is still wrong.

    Raises:
        OutsideWorldError: the request is not of the small world.
    """
    request = parse_request(text)
    outcome = outcome_of(current, text, request)
    if not outcome:
        return "Nothing is known of what this attempt achieved."
    before = [past for attempt in history if (past := outcome_of(attempt, text, request))]
    way = STYLES[outcome.style] if outcome.style else "other words"
    achieved = f"With {way}, {outcome.right} of {outcome.total} right"
    return f"{achieved}{_compared(outcome, before)}{_failures(current) or '.'}"


def _compared(outcome: Outcome, before: Sequence[Outcome]) -> str:
    if not before:
        return ""
    best = max(before, key=lambda past: past.share)
    if outcome.share == best.share:
        return ", as good as the best before"
    way = STYLES[best.style] if best.style else "other words"
    return f", {'better' if outcome.share > best.share else 'worse'} than with {way} before"


def _failures(attempt: Attempt) -> str:
    failed = [verdict for verdict in attempt.verdicts if verdict.answer != "yes"]
    described = [f"{verdict.question} {verdict.seen}".strip() for verdict in failed[:_NAMED]]
    remainder = [f"And {len(failed) - _NAMED} more."] if len(failed) > _NAMED else []
    return f"; still off: {' '.join([*described, *remainder])}" if failed else ""
