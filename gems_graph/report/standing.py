"""How a trajectory stands: one vocabulary for history, batches, resuming, reports and pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from gems_graph.errors import UsageError

Standing = Literal[
    "running", "waiting", "passed", "accepted", "best effort", "failed", "interrupted",
    "not begun", "unreadable",
]  # fmt: skip
"""How a trajectory stands.

running: somebody works on it now. waiting: at a pause, for a person. passed: every criterion holds.
accepted: a person took the picture. best effort: the rounds or the budget are spent. failed: an
error ended it, with or without a picture. interrupted: cancelled, killed, or a fork that nobody has
gone on with. not begun: nothing was drawn or paid. unreadable: damaged, or of a newer release.
"""
STANDINGS: tuple[Standing, ...] = get_args(Standing)
_OLD_WORDS: dict[str, tuple[str, ...]] = {
    "done": ("passed", "accepted"),
    "error": ("failed",),
    "budget": ("budget",),  # a best effort that a cap ended: told by its reason
}


def standing(
    state: Mapping[str, Any],
    *,
    begins: bool = False,
    unfinished: bool = False,
    waits: bool = False,
    errors: Sequence[str] = (),
    busy: bool = False,
) -> Standing:
    """Return how a trajectory stands.

    Args:
        state: its values, or the record in its folder.
        begins: whether `begin` is next, so that the state is the request and nothing else.
        unfinished: whether any node is next.
        waits: whether a person is asked something.
        errors: what the nodes that are next have raised already, in words.
        busy: whether somebody works on it now.
    """
    if errors:
        word: Standing = "failed"
    elif begins:
        word = "not begun"
    else:
        word = "waiting" if waits else _at_rest(state, unfinished)
    return "running" if busy and goes_on(word, state) else word


def _at_rest(state: Mapping[str, Any], unfinished: bool) -> Standing:
    result = state.get("result")
    if not result or unfinished:
        return "failed" if "error" in reasons(state) else "interrupted"
    return _ended(result, reasons(state))


def _ended(result: Mapping[str, Any], stop_reasons: Collection[str]) -> Standing:
    if "cancelled" in stop_reasons:  # before the loop had ended, however good its best picture is
        return "interrupted"
    if result.get("success"):
        return "passed"
    if "accepted" in stop_reasons:
        return "accepted"
    return "failed" if "error" in stop_reasons else "best effort"


def goes_on(word: Standing, state: Mapping[str, Any]) -> bool:
    """Tell whether a trajectory that stands so can be resumed or waits for a person.

    One whose budget was spent or that lost a candidate can be, too, also where it passed.
    """
    incomplete = bool(state.get("failed")) or "budget" in reasons(state)
    ended = word in ("passed", "best effort")
    return (ended and incomplete) or word in ("waiting", "failed", "interrupted", "not begun")


def reasons(state: Mapping[str, Any]) -> set[str]:
    """Return why a trajectory stopped, and why candidates of it did."""
    return {str(stop["reason"]) for stop in _stops(state) if stop.get("reason")}


def error_in(state: Mapping[str, Any], errors: Iterable[str] = ()) -> str:
    """Return what a trajectory failed on, in words; empty if nothing failed.

    Args:
        state: its values.
        errors: what the nodes that are next have raised already.
    """
    messages = [*errors, *(str(stop.get("error") or "") for stop in _stops(state))]
    return next(filter(None, messages), "")


def _stops(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the stop of the result, or of the state before there is one, and of candidates."""
    of_result = (state.get("result") or {}).get("stop")
    return [of_result or state.get("stop") or {}, *(state.get("failed") or [])]


def standings_in(words: Iterable[str]) -> set[str]:
    """Return the standings that words name, also those of release 0.1.0: `done`, `error`, `budget`.

    Raises:
        UsageError: there is no such standing.
    """
    chosen: set[str] = set()
    for word in words:
        if word not in STANDINGS and word not in _OLD_WORDS:
            msg = f"There is no state {word!r}; the states are {', '.join(STANDINGS)}."
            raise UsageError(msg)
        chosen.update(_OLD_WORDS.get(word, (word,)))
    return chosen
