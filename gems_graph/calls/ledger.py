"""What a run used and what it cost, by role; unknown stays unknown, never zero."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict


class Usage(TypedDict):
    """Sums over the calls of one role.

    Tokens are as servers report them; `unmetered` counts calls whose server reported none.
    `seconds` is the time spent waiting for answers, `bytes` what was sent and `image_bytes` the
    pictures in it (missing in records of 0.1.0 and 0.2.0.dev0), `cost` is None as soon as one
    call's price is unknown.
    """

    calls: int
    retries: int
    input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    unmetered: int
    images: int
    bytes: int
    image_bytes: NotRequired[int]
    seconds: float
    cost: float | None


Ledger = dict[str, Usage]


def no_usage() -> Usage:
    """Return the usage of no call at all."""
    return Usage(
        calls=0, retries=0, input_tokens=0, output_tokens=0, reasoning_tokens=0, cached_tokens=0,
        unmetered=0, images=0, bytes=0, image_bytes=0, seconds=0.0, cost=0.0,
    )  # fmt: skip


def add(ledger: Ledger, increment: Ledger) -> Ledger:
    """Return the sum of two ledgers; the reducer of the state's channel."""
    roles = {**ledger, **increment}
    return {
        role: _sum(ledger.get(role, no_usage()), increment.get(role, no_usage())) for role in roles
    }


def total(ledger: Ledger) -> Usage:
    """Return the sum over all roles."""
    summed = no_usage()
    for usage in ledger.values():
        summed = _sum(summed, usage)
    return summed


def in_money(amount: float | None, *, at_least: bool = False) -> str:
    """Return a cost in words; unknown (None) is not zero."""
    if amount is None:
        return "cost unknown"
    return f"cost {'at least ' * at_least}{amount:.4f}"


def in_bytes(count: int) -> str:
    """Say how much so many bytes are."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _sum(first: Usage, second: Usage) -> Usage:
    costs = (first["cost"], second["cost"])
    return Usage(
        calls=first["calls"] + second["calls"],
        retries=first["retries"] + second["retries"],
        input_tokens=first["input_tokens"] + second["input_tokens"],
        output_tokens=first["output_tokens"] + second["output_tokens"],
        reasoning_tokens=first["reasoning_tokens"] + second["reasoning_tokens"],
        cached_tokens=first["cached_tokens"] + second["cached_tokens"],
        unmetered=first["unmetered"] + second["unmetered"],
        images=first["images"] + second["images"],
        bytes=first["bytes"] + second["bytes"],
        image_bytes=first.get("image_bytes", 0) + second.get("image_bytes", 0),
        seconds=first["seconds"] + second["seconds"],
        cost=None if costs[0] is None or costs[1] is None else costs[0] + costs[1],
    )
