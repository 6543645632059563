"""The journal: every paid call is written down before it is made, its outcome once it is there.

One table is idempotency, ledger of reservations and caps in one, over runs and processes: a call
that was finished before is never made again, and a check of caps and its entry are one act.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from gems_graph.calls.amounts import Amount, Caps
from gems_graph.calls.tables import make_tables
from gems_graph.calls.writer import writer_of
from gems_graph.databases import Connection


class Call(NamedTuple):
    """A call about to be made.

    Attributes:
        scope: whose caps it counts towards.
        most: what it may spend at most.
        key: the same for the same request of the same round of the same trajectory; empty where
            the call cannot be taken up again.
        trajectory: id of the trajectory that pays.
        anew: make it even if it was made before.
    """

    scope: str
    most: Amount
    key: str = ""
    trajectory: str = ""
    anew: bool = False


class Reservation(NamedTuple):
    """A call in the journal.

    Attributes:
        number: in the journal; 0 where nothing is written down.
        artifact: what came of the same call when it was made before; then nothing is reserved.
        most: what is reserved.
        key: of the call, if it may be taken up again.
    """

    number: int = 0
    artifact: str | None = None
    most: Amount = Amount()
    key: str = ""


class Artifact(NamedTuple):
    """What came of a call: its number in the journal, who paid it, and the artifact as JSON."""

    number: int
    trajectory: str
    artifact: str


class Journal:
    """Calls in one table, safe between threads and processes.

    A call that was begun and never settled, as after a crash, stays counted: it may have been paid.

    Args:
        database: a SQLite file (created with its folder), `:memory:`, or `postgresql://...`.
    """

    def __init__(self, database: str | Path) -> None:
        self._writer = writer_of(str(database), make_tables)

    def start(self, call: Call, caps: Caps) -> Future[Reservation]:
        """Return the artifact of a call made before; else check caps and reserve, in one act.

        Raises:
            BudgetError: a cap would be exceeded; nothing is reserved.
            StoreError: the journal cannot be written.
        """
        return self._writer.submit(
            lambda db: _start(db, call, caps), call.scope if caps.any else None
        )

    def settle(self, number: int, amount: Amount, artifact: str | None = None) -> Future[None]:
        """Replace a reservation by what was spent in fact, and keep what came of it."""

        def run(db: Connection) -> None:
            db.execute(
                "UPDATE spending SET status = 'settled', images = ?, calls = ?, tokens = ?,"
                " cost = ?, artifact = ? WHERE id = ?",
                (*amount, artifact, number),
            )

        return self._writer.submit(run)

    def refund(self, number: int) -> Future[None]:
        """Take a reservation back; only where it is sure that nothing was paid."""

        def run(db: Connection) -> None:
            db.execute("UPDATE spending SET status = 'refunded' WHERE id = ?", (number,))

        return self._writer.submit(run)

    def discard(self, keys: Sequence[str]) -> Future[None]:
        """Let calls be made again: what came of them was of no use."""

        def run(db: Connection) -> None:
            for key in keys:
                db.execute("UPDATE spending SET artifact = NULL WHERE key = ?", (key,))

        return self._writer.submit(run)

    def forget(self, trajectory: str) -> Future[None]:
        """Drop what a removed trajectory left; what it spent of a shared budget stays counted."""

        def run(db: Connection) -> None:
            db.execute("DELETE FROM spending WHERE scope = ?", (scope_of(trajectory),))
            db.execute(
                "UPDATE spending SET key = NULL, artifact = NULL WHERE trajectory = ?",
                (trajectory,),
            )

        return self._writer.submit(run)

    def in_doubt(self, trajectory: str) -> Future[Amount]:
        """Return what a trajectory's calls reserved that were begun and never settled.

        They may have been paid, by a process that is gone, or still be under way.
        """

        def run(db: Connection) -> Amount:
            rows = db.execute(
                "SELECT COALESCE(SUM(images), 0), COALESCE(SUM(calls), 0),"
                " COALESCE(SUM(tokens), 0), COALESCE(SUM(cost), 0)"
                " FROM spending WHERE scope = ? AND status = 'reserved'",
                (scope_of(trajectory),),
            )
            return Amount(int(rows[0][0]), int(rows[0][1]), int(rows[0][2]), float(rows[0][3]))

        return self._writer.submit(run)

    def artifacts(self, after: int = 0) -> Future[list[Artifact]]:
        """Return the next artifacts, by number; pictures among them are still needed to resume.

        Args:
            after: number of the last one seen.
        """

        def run(db: Connection) -> list[Artifact]:
            rows = db.execute(
                "SELECT id, trajectory, artifact FROM spending"
                " WHERE artifact IS NOT NULL AND id > ? ORDER BY id LIMIT 1000",
                (after,),
            )
            return [Artifact(int(row[0]), str(row[1] or ""), str(row[2])) for row in rows]

        return self._writer.submit(run)

    def trajectories(self) -> Future[dict[str, float]]:
        """Return when each trajectory that may be taken up began its last call, POSIX seconds."""

        def run(db: Connection) -> dict[str, float]:
            rows = db.execute(
                "SELECT trajectory, MAX(at) FROM spending WHERE trajectory IS NOT NULL"
                " AND (key IS NOT NULL OR artifact IS NOT NULL) GROUP BY trajectory"
            )
            return {str(row[0]): float(row[1] or 0) for row in rows}

        return self._writer.submit(run)


def scope_of(trajectory: str, budget: str | None = None) -> str:
    """Return whose caps a call counts towards: a shared budget's, or the trajectory's own."""
    return f"budget:{budget}" if budget else f"run:{trajectory}"


def _start(db: Connection, call: Call, caps: Caps) -> Reservation:
    if call.key and not call.anew:
        finished = db.execute(
            "SELECT artifact FROM spending WHERE key = ? AND status = 'settled'"
            " AND artifact IS NOT NULL ORDER BY id DESC LIMIT 1",
            (call.key,),
        )
        if finished:
            return Reservation(artifact=str(finished[0][0]))
    if caps.any:
        sums = db.execute(
            "SELECT COALESCE(SUM(images), 0), COALESCE(SUM(calls), 0), COALESCE(SUM(tokens), 0),"
            " COALESCE(SUM(cost), 0) FROM spending WHERE scope = ? AND status != 'refunded'",
            (call.scope,),
        )
        caps.check(Amount(*sums[0]), call.most)
    inserted = db.execute(
        "INSERT INTO spending(scope, status, images, calls, tokens, cost, key, trajectory, at)"
        " VALUES (?, 'reserved', ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (call.scope, *call.most, call.key or None, call.trajectory or None, time.time()),
    )
    return Reservation(int(inserted[0][0]), most=call.most, key=call.key)
