"""What calls spend, the caps on it, and what comes of them."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from gems_graph.calls.ledger import Usage
from gems_graph.errors import BudgetError

T = TypeVar("T")


class Amount(NamedTuple):
    """What one call spends, at most or in fact; money in the currency of the prices."""

    images: int = 0
    calls: int = 0
    tokens: int = 0
    cost: float = 0.0


class Caps(NamedTuple):
    """Limits on the sums of a scope; None: no limit."""

    images: int | None = None
    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(cap is not None for cap in self)

    def check(self, spent: Amount, most: Amount) -> None:
        """Make sure that a call fits under the caps.

        Args:
            spent: what the scope has spent or reserved.
            most: what the next call may spend at most.

        Raises:
            BudgetError: a cap would be exceeded.
        """
        for name, used, needed, cap in zip(Amount._fields, spent, most, self, strict=True):
            if cap is not None and used + needed > cap:
                msg = (
                    f"The cap on {name} is reached: {used:g} of {cap:g} spent or reserved, the "
                    f"next call may take {needed:g}. Raise it, or start with another budget."
                )
                raise BudgetError(msg)


class Outcome(NamedTuple, Generic[T]):
    """What came of a call.

    Attributes:
        value: what the caller gets.
        usage: what is added to the ledger.
        spent: what the journal records; None where that is unknown: then the most that was
            reserved.
        artifact: the value and its usage in plain JSON, to be found when the call is made again.
    """

    value: T
    usage: Usage
    spent: Amount | None = None
    artifact: Any = None
