"""Spends for one node: reserves before each call, settles after it, keeps the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gems_graph import resources
from gems_graph.errors import ConfigError
from gems_graph.journal import Amount, Caps, Journal
from gems_graph.ledger import Ledger, Price, Usage, add, price_of
from gems_graph.retry import is_unpaid
from gems_graph.settings import Settings

ANSWER_TOKENS = 8192
"""Tokens of one answer at most, where a cap on tokens or money needs a bound and none is set."""
_PICTURE_TOKENS = 4096  # no server counts a picture of our sizes higher
_OVERHEAD_TOKENS = 1024  # chat template and schema


@dataclass
class Ticket:
    """One reservation; whoever made the call writes what it spent in fact."""

    actual: Amount


class Purse:
    """The caps of a run and what one node spends under them.

    Args:
        settings: holds caps, prices, and the name of a shared budget.
        trajectory: scope of the caps, unless a budget is named.
    """

    def __init__(self, settings: Settings, trajectory: str) -> None:
        self._settings = settings
        self._scope = f"budget:{settings.budget}" if settings.budget else f"run:{trajectory}"
        self._caps = Caps(
            settings.max_images, settings.max_calls, settings.max_tokens_total, settings.max_cost
        )
        self.ledger: Ledger = {}

    @property
    def needs_bounds(self) -> bool:
        """Whether answers must be bounded for caps on tokens or money to hold."""
        return self._caps.tokens is not None or self._caps.cost is not None

    def price(self, name: str) -> Price | None:
        """Return the price of a model or generator, if it is known."""
        return price_of(name, self._settings.prices)

    def chat_bound(self, name: str, text: int, pictures: int, answer: int) -> Amount:
        """Return the most that a chat call can spend.

        Args:
            name: of the model.
            text: bytes of text sent; no token is shorter than a byte.
            pictures: sent beside it.
            answer: tokens of the answer at most.
        """
        given = text + pictures * _PICTURE_TOKENS + _OVERHEAD_TOKENS
        price = self.price(name)
        cost = price.of(given, answer) if price else 0.0
        return Amount(calls=1, tokens=given + answer, cost=cost)

    def image_amount(self, name: str) -> Amount:
        """Return what one picture spends."""
        price = self.price(name)
        return Amount(images=1, cost=price.image if price else 0.0)

    @asynccontextmanager
    async def spending(self, most: Amount) -> AsyncIterator[Ticket]:
        """Reserve around one try of a call; refund only what is surely unpaid.

        Raises:
            BudgetError: a cap would be exceeded.
        """
        ticket = Ticket(most)
        if not any(cap is not None for cap in self._caps):
            yield ticket
            return
        journal = Journal(resources.home() / "journal.sqlite")
        number = await asyncio.to_thread(journal.reserve, self._scope, self._caps, most)
        try:
            yield ticket
        except Exception as error:
            if is_unpaid(error):
                await asyncio.to_thread(journal.refund, number)
            raise
        await asyncio.to_thread(journal.settle, number, ticket.actual)

    def note(self, role: str, usage: Usage) -> None:
        """Enter the usage of one finished call."""
        self.ledger = add(self.ledger, {role: usage})


def check_prices(settings: Settings, names: list[str]) -> None:
    """Make sure that a cap on money can hold.

    Raises:
        ConfigError: a model or generator in use has no known price.
    """
    if settings.max_cost is None:
        return
    unknown = [name for name in dict.fromkeys(names) if price_of(name, settings.prices) is None]
    if unknown:
        msg = (
            f"max_cost needs the price of {', '.join(map(repr, unknown))}: set it under `prices`, "
            'for example prices."NAME" = {input = 0.6, output = 3} in gems.toml (0 for your own).'
        )
        raise ConfigError(msg)
