"""History, forks and cleaning once more, in a real PostgreSQL."""

from __future__ import annotations

import pytest

from tests.persistence import test_clean, test_fork, test_history

pytestmark = pytest.mark.heavy
_OF_SQLITE = (
    "test_gc_shrinks_the_files_of_sqlite_on_demand",
    "test_another_database_of_the_same_store_can_be_named",
)
for module in (test_clean, test_fork, test_history):
    globals().update({k: v for k, v in vars(module).items() if k[0] != "_" and k not in _OF_SQLITE})


@pytest.fixture(autouse=True)
def database(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_DATABASE", postgres)
