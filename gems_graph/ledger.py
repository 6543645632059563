"""What a run used and what it cost, by role; unknown stays unknown, never zero."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
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


class Price(BaseModel):
    """Prices of one model or generator; tokens per million, pictures each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(default=0, ge=0)
    output: float = Field(default=0, ge=0)
    cached: float | None = Field(default=None, ge=0, description="None: as input.")
    image: float = Field(default=0, ge=0)

    def of(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        """Return the price of a chat call; cached tokens are part of the input."""
        cached = self.input if self.cached is None else self.cached
        fresh = max(0, input_tokens - cached_tokens)
        return (fresh * self.input + cached_tokens * cached + output_tokens * self.output) / 1e6


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


def price_of(name: str, own: Mapping[str, Price]) -> Price | None:
    """Return the price of a model or generator by name, with or without its provider.

    Args:
        name: as in the settings, for example `openai:gpt-5` or `http:http://host/generate`.
        own: the user's prices, which win over the packaged table.
    """
    bare = name.partition(":")[2] or name
    for table in (own, _packaged()):
        for key in (name, bare, name.partition(":")[0]):
            if key in table:
                return table[key]
    return None


@cache
def _packaged() -> dict[str, Price]:
    text = (Path(__file__).parent / "prices.toml").read_text(encoding="utf-8")
    return {name: Price(**price) for name, price in tomllib.loads(text)["prices"].items()}


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
