"""One thread that writes to a database for the whole process; all jobs that wait commit as one."""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from gems_graph.databases import Connection, Postgres, Sqlite, in_brief, is_postgres
from gems_graph.errors import ConfigError, StoreError

T = TypeVar("T")
_IDLE = 2.0  # seconds after which the thread ends and closes its connection
_BATCH_SIZE = 512  # jobs in one transaction at most


class _Job(NamedTuple):
    run: Callable[[Connection], Any]
    scope: str | None
    future: Future[Any]


class Writer:
    """Runs jobs on one connection, in the order they came.

    Args:
        url: `postgresql://...`, or a SQLite file.
        schema: statements that make the tables where they are missing; run on connecting.
    """

    def __init__(self, url: str, schema: Callable[[Connection, bool], None]) -> None:
        self._url, self._schema = url, schema
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._db: Connection | None = None

    def submit(self, run: Callable[[Connection], T], scope: str | None = None) -> Future[T]:
        """Run a job in one transaction with the others that wait; return a future of its result.

        The future is done after the commit.

        Args:
            run: gets the connection; what it raises comes out of the future. It must raise before
                it writes, as the other jobs of the transaction are committed all the same.
            scope: no other process runs a job of this scope meanwhile.
        """
        future: Future[T] = Future()
        with self._lock:
            self._jobs.put(_Job(run, scope, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="gems-journal", daemon=True)
                self._thread.start()
        return future

    def _work(self) -> None:
        while batch := self._batch():
            self._write(batch)

    def _batch(self) -> list[_Job]:
        """Return all that waits; nothing after a while without work: then the thread ends."""
        wait = None if self._url == ":memory:" else _IDLE
        try:
            batch = [self._jobs.get(timeout=wait)]
        except queue.Empty:
            with self._lock:
                if self._jobs.empty():
                    self._thread = None
                    self._disconnect()
                    return []
            batch = [self._jobs.get()]
        while len(batch) < _BATCH_SIZE and not self._jobs.empty():
            batch.append(self._jobs.get())
        return batch

    def _write(self, batch: list[_Job]) -> None:
        results: list[tuple[_Job, Any, Exception | None]] = []
        try:
            db = self._begin([job.scope for job in batch if job.scope])
            for job in batch:
                try:
                    results.append((job, job.run(db), None))
                except (sqlite3.Error, OSError):
                    raise
                except Exception as error:  # the job's own, such as BudgetError
                    if _is_driver_error(error):
                        raise
                    results.append((job, None, error))
            db.commit()
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it
            self._disconnect()
            failure = error if isinstance(error, ConfigError) else self._store_error(error)
            results = [(job, None, failure) for job in batch]
        for job, result, problem in results:
            _resolve(job.future, result, problem)

    def _begin(self, scopes: Sequence[str]) -> Connection:
        """Begin a transaction, on a new connection where the server has dropped the old one."""
        fresh = self._db is None
        try:
            db = self._connect()
            db.begin(scopes)
        except Exception:
            if fresh or not is_postgres(self._url):
                raise
            self._disconnect()
            db = self._connect()
            db.begin(scopes)
        return db

    def _connect(self) -> Connection:
        if self._db is None:
            postgres = is_postgres(self._url)
            self._db = Postgres(self._url) if postgres else Sqlite(self._url)
            self._db.begin(["schema"])
            self._schema(self._db, postgres)
            self._db.commit()
        return self._db

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _store_error(self, error: Exception) -> StoreError:
        if is_postgres(self._url):
            where = "in PostgreSQL"
            remedy = "check that GEMS_DATABASE names a server that runs (%, @ and / as %25 %40 %2F)"
        else:
            where = str(self._url)
            remedy = "check the disk, or point GEMS_HOME at a folder you may write to"
        msg = f"Cannot write the journal of spending {where} ({in_brief(error)}); {remedy}."
        failure = StoreError(msg)
        failure.__cause__ = error
        return failure


def _resolve(future: Future[Any], result: Any, problem: Exception | None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if problem is not None:
        future.set_exception(problem)
    else:
        future.set_result(result)


def _is_driver_error(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] == "psycopg"


def writer_of(url: str, schema: Callable[[Connection, bool], None]) -> Writer:
    """Return the process's one writer of a database."""
    return _shared(url, schema, os.getpid())


@lru_cache(maxsize=32)
def _shared(url: str, schema: Callable[[Connection, bool], None], pid: int) -> Writer:
    return Writer(url, schema)
