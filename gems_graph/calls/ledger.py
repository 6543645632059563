"""What a run used and what it cost, by role; unknown stays unknown, never zero."""

from __future__ import annotations

from typing_extensions import TypedDict


class Usage(TypedDict):
    """Sums over the calls of one role.

    Tokens are as servers report them; `unmetered` counts calls whose server reported none.
    `seconds` is the time spent waiting for answers, `bytes` what was sent, `cost` is None as
    soon as one call's price is unknown.
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
    seconds: float
    cost: float | None


Ledger = dict[str, Usage]


def nothing() -> Usage:
    """Return the usage of no call at all."""
    return Usage(
        calls=0, retries=0, input_tokens=0, output_tokens=0, reasoning_tokens=0, cached_tokens=0,
        unmetered=0, images=0, bytes=0, seconds=0.0, cost=0.0,
    )  # fmt: skip


def add(ledger: Ledger, more: Ledger) -> Ledger:
    """Return the sum of two ledgers; the reducer of the state's channel."""
    roles = {**ledger, **more}
    return {role: _sum(ledger.get(role, nothing()), more.get(role, nothing())) for role in roles}


def total(ledger: Ledger) -> Usage:
    """Return the sum over all roles."""
    whole = nothing()
    for usage in ledger.values():
        whole = _sum(whole, usage)
    return whole


def in_money(amount: float | None, *, at_least: bool = False) -> str:
    """Say a cost; unknown is not zero."""
    if amount is None:
        return "cost unknown"
    return f"cost {'at least ' * at_least}{amount:.4f}"


def _sum(one: Usage, two: Usage) -> Usage:
    costs = (one["cost"], two["cost"])
    return Usage(
        calls=one["calls"] + two["calls"],
        retries=one["retries"] + two["retries"],
        input_tokens=one["input_tokens"] + two["input_tokens"],
        output_tokens=one["output_tokens"] + two["output_tokens"],
        reasoning_tokens=one["reasoning_tokens"] + two["reasoning_tokens"],
        cached_tokens=one["cached_tokens"] + two["cached_tokens"],
        unmetered=one["unmetered"] + two["unmetered"],
        images=one["images"] + two["images"],
        bytes=one["bytes"] + two["bytes"],
        seconds=one["seconds"] + two["seconds"],
        cost=None if costs[0] is None or costs[1] is None else costs[0] + costs[1],
    )
