"""Checks of answers and records, told in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gems_graph.errors import UsageError

_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}


def wrong(where: str, needed: str, value: Any) -> UsageError:
    """Return the error for a value that is not what is needed."""
    shown = repr(value)
    return UsageError(f"{where}: {needed} is needed, not {shown[:80]}{'...' * (len(shown) > 80)}.")


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def numbers(
    value: Any, where: str, count: int, low: float, high: float, what: str = "a list"
) -> list[float]:
    """Return a list of so many numbers within bounds.

    Raises:
        UsageError: it is none.
    """
    fits = isinstance(value, list) and len(value) == count
    if not fits or not all(is_number(n) and low <= n <= high for n in value):
        raise wrong(where, f"{what} of {count} numbers from {low:g} to {high:g}", value)
    return [float(n) for n in value]


def truths(value: Any, where: str, count: int) -> list[bool]:
    """Return a list of so many answers yes or no, as words, truth values, or 1 and 0.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, list) or len(value) != count:
        raise wrong(where, f"a list of {count} answers, yes or no,", value)
    return [truth(each, where) for each in value]


def truth(value: Any, where: str) -> bool:
    """Return an answer yes or no.

    Raises:
        UsageError: it is neither.
    """
    word = str(value).strip().lower().rstrip(".")
    if word.removesuffix(".0") in _YES | _NO:
        return word.removesuffix(".0") in _YES
    raise wrong(where, "yes or no", value)


def text_field(record: dict[str, Any], name: str, where: str) -> str:
    """Return a text that is not empty.

    Raises:
        UsageError: the record has none of that name.
    """
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        msg = f"{where}: `{name}` must be a text."
        raise UsageError(msg)
    return value


def texts(value: Any, count: int | None = None) -> bool:
    """Tell whether a value is a list of texts, of so many if a count is given."""
    listed = isinstance(value, list) and bool(value) and all(isinstance(t, str) for t in value)
    return listed and count in (None, len(value))


def unique(ids: Sequence[object], where: str) -> None:
    """Make sure that no id comes twice.

    Raises:
        UsageError: one does.
    """
    seen: set[object] = set()
    for each in ids:
        if each in seen:
            msg = f"{where}: the id {each!r} comes twice; take the file anew from its home."
            raise UsageError(msg)
        seen.add(each)
