"""What one node may spend and has spent: reservations in the journal, keys, the ledger."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from typing_extensions import TypedDict

from gems_graph import paths
from gems_graph.calls.amounts import Amount, Caps, Outcome
from gems_graph.calls.journal import Call, Journal, Reservation, scope_of
from gems_graph.calls.ledger import Ledger, Usage, add
from gems_graph.errors import ConfigError
from gems_graph.settings import GeneratorSpec, Settings
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
        persisted: whether a checkpointer keeps the trajectory, so that it may be taken up again.
    """

    trajectory: str = ""
    round: int = 0
    persisted: bool = False


class Waiting(TypedDict):
    """A call failed for a reason that may pass: it is repeated in so many seconds.

    `who` is called, `why` says what went wrong and helps, `repeat` is 1 for the first `of` so many.
    """

    type: Literal["waiting"]
    who: str
    why: str
    seconds: float
    repeat: int
    of: int


class Budget:
    """The caps of a run and what one node spends under them.

    Args:
        settings: holds caps, prices, and the name of a shared budget.
        place: whose caps they are, unless a budget is named, and which calls are the same.

    Attributes:
        on_wait: is told of each pause before a call is repeated.
    """

    def __init__(self, settings: Settings, place: Place) -> None:
        self._settings, self._place = settings, place
        self._scope = scope_of(place.trajectory, settings.budget)
        self._caps = Caps(
            settings.max_images, settings.max_calls, settings.max_tokens_total, settings.max_cost
        )
        self.ledger: Ledger = {}
        self.on_wait: Callable[[Waiting], None] = lambda event: None

    @property
    def needs_bounds(self) -> bool:
        """Whether answers must be bounded for caps on tokens or money to hold."""
        return self._caps.tokens is not None or self._caps.cost is not None

    @property
    def bounds_pictures(self) -> bool:
        """Whether pictures are better paid one by one: of several, a cap may allow some."""
        return self._caps.images is not None or self._caps.cost is not None

    def price(self, player: str | GeneratorSpec) -> Price | None:
        """Return the price of a model or generator, if it is known."""
        return price_of(player, self._settings.prices)

    def chat_bound(self, name: str, text: int, pictures: int, answer: int) -> Amount:
        """Return the most that a chat call can spend.

        Args:
            name: of the model.
            text: bytes of text sent; no token is shorter than a byte.
            pictures: sent beside it.
            answer: tokens of the answer at most.
        """
        input_tokens = text + pictures * _PICTURE_TOKENS + _OVERHEAD_TOKENS
        price = self.price(name)
        cost = price.of(input_tokens, answer) if price else 0.0
        return Amount(calls=1, tokens=input_tokens + answer, cost=cost)

    def image_amount(self, spec: GeneratorSpec, n: int = 1) -> Amount:
        """Return what n pictures spend."""
        price = self.price(spec)
        return Amount(images=n, cost=price.image * n if price else 0.0)

    def key(
        self,
        role: str,
        name: str,
        request: Iterable[str],
        *,
        round: int | None = None,  # noqa: A002  # the paper's word
        branch: str = "",
    ) -> str:
        """Return the idempotency key of a call: trajectory, round, role and whole request.

        Empty, and the request not looked at, where nobody can take the trajectory up again.

        Args:
            role: who is called.
            name: of the model or generator.
            request: all that is said.
            round: of the call, where that is not the node's.
            branch: tells calls apart that strategies make side by side; empty: there is one.
        """
        if not self._place.persisted:
            return ""
        n = str(self._place.round if round is None else round)
        place = f"{n}/{branch}" if branch else n
        digest = hashlib.sha256()
        for part in (self._place.trajectory, place, role, name, *request):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()

    async def reserve(self, most: Amount, key: str, *, anew: bool = False) -> Reservation:
        """Write a call down before it is made; or return what came of it when it was made before.

        Args:
            most: what it may spend at most.
            key: of a call that may be taken up again; empty otherwise.
            anew: make it even if it was made before.

        Raises:
            BudgetError: a cap would be exceeded.
            StoreError: the journal cannot be written.
        """
        if not (self._caps.any or key):
            return Reservation()
        call = Call(self._scope, most, key, self._place.trajectory, anew)
        return await asyncio.wrap_future(Journal(paths.journal()).start(call, self._caps))

    async def settle(self, reservation: Reservation, role: str, outcome: Outcome[Any]) -> None:
        """Enter a finished call: into the ledger, and into the journal what it spent in fact.

        Raises:
            StoreError: the journal cannot be written.
        """
        if reservation.number:
            artifact = json.dumps(outcome.artifact) if reservation.key else None
            spent = outcome.spent or reservation.most
            settling = Journal(paths.journal()).settle(reservation.number, spent, artifact)
            await asyncio.wrap_future(settling)
        self.note(role, outcome.usage)

    async def refund(self, reservation: Reservation) -> None:
        """Take a reservation back; only where it is sure that nothing was paid."""
        if reservation.number:
            await asyncio.wrap_future(Journal(paths.journal()).refund(reservation.number))

    async def discard(self, keys: Sequence[str]) -> None:
        """Let calls be made again when the trajectory is taken up; their answers were useless."""
        if any(keys):
            await asyncio.wrap_future(Journal(paths.journal()).discard(keys))

    def note(self, role: str, usage: Usage) -> None:
        """Enter the usage of one finished call."""
        self.ledger = add(self.ledger, {role: usage})


def check_prices(settings: Settings, players: Sequence[str | GeneratorSpec]) -> None:
    """Make sure that a cap on money can hold.

    Raises:
        ConfigError: a model or generator in use has no known price.
    """
    if settings.max_cost is None:
        return
    unpriced = [player for player in players if price_of(player, settings.prices) is None]
    if unpriced:
        names = [p.name if isinstance(p, GeneratorSpec) else p for p in unpriced]
        msg = (
            f"max_cost needs the price of {', '.join(map(repr, dict.fromkeys(names)))}: set it "
            'under `prices`, for example prices."NAME" = {input = 0.6, output = 3} in gems.toml '
            "(0 for your own)."
        )
        raise ConfigError(msg)
