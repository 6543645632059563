"""`gems compare`, killed by SIGKILL at seeded moments and taken up, ends with the same table."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.crash import after, run
from tests.evaluation.comparison.test_compare import timeless

STRATEGIES = "gems,original,search,maestro,craft"
SECONDS = random.Random(5)


def arguments(out: Path) -> list[str]:
    return [
        "compare", "two red fish left of a blue house", "--strategies", STRATEGIES, "--budget",
        "images=3", "--seed", "1", "--seeds", "2", "--out", str(out), "--json", "--quiet",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, float]:
    """Return the report of a comparison that nobody disturbed, and the seconds it took."""
    folder = tmp_path_factory.mktemp("whole")
    ran = run(arguments(folder / "c"), {"GEMS_HOME": str(folder / "home")})
    return timeless(json.loads(ran.out)), ran.seconds


@pytest.mark.parametrize("share", [round(SECONDS.uniform(0.05, 0.95), 3) for _ in range(10)])
def test_it_ends_with_the_same_table(
    whole: tuple[Any, float], tmp_path: Path, share: float
) -> None:
    report, seconds = whole
    env = {"GEMS_HOME": str(tmp_path / "own")}
    run(arguments(tmp_path / "c"), env, after(share * seconds))
    ended = run(arguments(tmp_path / "c"), env)
    assert timeless(json.loads(ended.out)) == report
