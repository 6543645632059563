"""The journal of spending: what is reserved, settled or refunded, across runs and processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gems_graph.errors import BudgetError, StoreError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spending(
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, status TEXT NOT NULL,
    images INTEGER NOT NULL, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL);
CREATE INDEX IF NOT EXISTS spending_scope ON spending(scope);
"""


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


class Journal:
    """Reservations in one SQLite table, safe between threads and processes.

    A reservation that was never settled, as after a crash, stays counted: it may have been paid.

    Args:
        file: created with its folder where it is missing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def reserve(self, scope: str, caps: Caps, amount: Amount) -> int:
        """Check the caps and reserve an amount in one act, and return the reservation's id.

        Raises:
            BudgetError: a cap would be exceeded; nothing is reserved.
            StoreError: the journal cannot be written.
        """
        with self._writing() as db:
            row = db.execute(
                "SELECT total(images), total(calls), total(tokens), total(cost)"
                " FROM spending WHERE scope = ? AND status != 'refunded'",
                (scope,),
            ).fetchone()
            _check(Amount(*row), amount, caps)
            done = db.execute(
                "INSERT INTO spending(scope, status, images, calls, tokens, cost)"
                " VALUES (?, 'reserved', ?, ?, ?, ?)",
                (scope, *amount),
            )
            return int(done.lastrowid or 0)

    def settle(self, reservation: int, amount: Amount) -> None:
        """Replace a reservation by what was spent in fact."""
        with self._writing() as db:
            db.execute(
                "UPDATE spending SET status = 'settled', images = ?, calls = ?, tokens = ?,"
                " cost = ? WHERE id = ?",
                (*amount, reservation),
            )

    def refund(self, reservation: int) -> None:
        """Take a reservation back; only where it is sure that nothing was paid."""
        with self._writing() as db:
            db.execute("UPDATE spending SET status = 'refunded' WHERE id = ?", (reservation,))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the one writer's place, so that a check and its entry are one act."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._file, timeout=60, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(self._trouble(error)) from error
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(self._trouble(error)) from error
        finally:
            db.close()  # rolls back what was not committed

    def _trouble(self, error: Exception) -> str:
        return (
            f"Cannot write the journal of spending {self._file} ({error}); check the disk, or "
            "point GEMS_HOME at a folder you may write to."
        )


def _check(spent: Amount, more: Amount, caps: Caps) -> None:
    for name, used, add, cap in zip(Amount._fields, spent, more, caps, strict=True):
        if cap is not None and used + add > cap:
            msg = (
                f"The cap on {name} is reached: {used:g} of {cap:g} spent or reserved, the next "
                f"call may take {add:g}. Raise it, or start with another budget."
            )
            raise BudgetError(msg)
