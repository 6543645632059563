"""Spends for one node: reserves before each call, settles after it, keeps the ledger."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from gems_graph import paths
from gems_graph.calls.journal import Amount, Call, Caps, Journal, scope_of
from gems_graph.calls.ledger import Ledger, Usage, add
from gems_graph.calls.retry import is_unpaid
from gems_graph.errors import ConfigError
from gems_graph.settings import Settings
from gems_graph.settings.prices import Price, price_of

ANSWER_TOKENS = 8192
"""Tokens of one answer at most, where a cap on tokens or money needs a bound and none is set."""
_PICTURE_TOKENS = 4096  # no server counts a picture of our sizes higher
_OVERHEAD_TOKENS = 1024  # chat template and schema


class Place(NamedTuple):
    """Where in a trajectory a node works.

    Attributes:
        trajectory: id minted by `begin`.
        round: number of the attempt; 0 before the first.
        kept: whether a checkpointer keeps the trajectory, so that it may be taken up again.
    """

    trajectory: str = ""
    round: int = 0
    kept: bool = False


@dataclass
class Ticket:
    """One call in the journal.

    Attributes:
        found: what came of the same call when it was made before; then it is not made again.
        actual: what it spent in fact; set by whoever makes it.
        artifact: what came of it, as JSON; set by whoever makes it.
    """

    actual: Amount
    found: str | None = None
    artifact: str | None = None


class Purse:
    """The caps of a run and what one node spends under them.

    Args:
        settings: holds caps, prices, and the name of a shared budget.
        place: whose caps they are, unless a budget is named, and which calls are the same.
    """

    def __init__(self, settings: Settings, place: Place) -> None:
        self._settings, self._place = settings, place
        self._scope = scope_of(place.trajectory, settings.budget)
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

    def key(self, role: str, name: str, request: Iterable[str]) -> str:
        """Return the idempotency key of a call: trajectory, round, role and whole request.

        Empty, and the request not looked at, where nobody can take the trajectory up again.
        """
        if not self._place.kept:
            return ""
        digest = hashlib.sha256()
        for part in (self._place.trajectory, str(self._place.round), role, name, *request):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()

    @asynccontextmanager
    async def spending(
        self, most: Amount, key: str = "", *, anew: bool = False
    ) -> AsyncIterator[Ticket]:
        """Write one try of a call down around making it; refund only what is surely unpaid.

        Args:
            most: what it may spend at most.
            key: of a call that may be taken up again; empty otherwise.
            anew: make it even if it was made before.

        Raises:
            BudgetError: a cap would be exceeded.
            StoreError: the journal cannot be written.
        """
        ticket = Ticket(most)
        if not (self._caps.any or key):
            yield ticket
            return
        journal = Journal(paths.journal())
        call = Call(self._scope, most, key, self._place.trajectory, anew)
        entry = await asyncio.wrap_future(journal.start(call, self._caps))
        ticket.found = entry.artifact
        try:
            yield ticket
        except Exception as error:
            if entry.number and is_unpaid(error):
                await asyncio.wrap_future(journal.refund(entry.number))
            raise
        if entry.number:
            done = journal.settle(entry.number, ticket.actual, ticket.artifact)
            await asyncio.wrap_future(done)

    async def discard(self, keys: list[str]) -> None:
        """Let calls be made again when the trajectory is taken up; their answers were useless."""
        if any(keys):
            await asyncio.wrap_future(Journal(paths.journal()).discard(keys))

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
