"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 image`, `2 images`.

    Args:
        number: how many.
        one: the noun for one.
        many: the noun for any other number; by default `one` with an s.
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def counted_criteria(number: int) -> str:
    """Return so many criteria in words."""
    return counted(number, "criterion", "criteria")


def holding(passed: int, total: int) -> str:
    """Say how many criteria hold, of how many."""
    return f"{passed} of {counted_criteria(total)} {'holds' if total == 1 else 'hold'}"
