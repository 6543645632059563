"""The journal's table in SQLite and PostgreSQL, brought up to date on connecting."""

from __future__ import annotations

from gems_graph.databases import Connection

_TABLE = """CREATE TABLE IF NOT EXISTS spending(
    id {number} PRIMARY KEY, scope TEXT NOT NULL, status TEXT NOT NULL,
    images INTEGER NOT NULL, calls INTEGER NOT NULL, tokens BIGINT NOT NULL,
    cost DOUBLE PRECISION NOT NULL)"""
_ADDED = {"key": "TEXT", "trajectory": "TEXT", "artifact": "TEXT", "at": "DOUBLE PRECISION"}
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS spending_scope ON spending(scope)",
    "CREATE INDEX IF NOT EXISTS spending_key ON spending(key)",
    "CREATE INDEX IF NOT EXISTS spending_trajectory ON spending(trajectory)",
)


def make_tables(db: Connection, postgres: bool) -> None:
    """Make the table, columns and indexes that are missing; `postgres`: in PostgreSQL's SQL."""
    number = "BIGINT GENERATED ALWAYS AS IDENTITY" if postgres else "INTEGER"
    db.execute(_TABLE.format(number=number))
    for name, kind in _ADDED.items():  # release 0.1.0 had none of these
        if postgres:
            db.execute(f"ALTER TABLE spending ADD COLUMN IF NOT EXISTS {name} {kind}")
        elif name not in [row[1] for row in db.execute("PRAGMA table_info(spending)")]:
            db.execute(f"ALTER TABLE spending ADD COLUMN {name} {kind}")
    for index in _INDEXES:
        db.execute(index)
