"""All strategies and ablations of `gems eval run shapes`, killed and taken up: the same report.

About a minute; promptist's model is not offline.
"""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.crash import run
from tools import eval_shapes

pytestmark = pytest.mark.heavy
WAYS = (*eval_shapes.STRATEGIES, *eval_shapes.ABLATIONS)
ENDED = random.Random(14).randint(3, 2 * len(WAYS) - 3)
"""Trajectories that have ended when it is killed."""


def arguments(out: Path) -> list[str]:
    return [
        "eval", "run", "shapes", "--limit", "2", "--strategy", ",".join(eval_shapes.STRATEGIES),
        "--preset", ",".join(eval_shapes.ABLATIONS), "--out", str(out), "--quiet",
    ]  # fmt: skip


def judged(out: Path, env: dict[str, str]) -> dict[str, Any]:
    """Return the score of each prompt and the rounds of each trajectory, by way."""
    assert run(["eval", "judge", str(out), "--quiet"], env).code == 0
    found: dict[str, Any] = {}
    for way in WAYS:
        report = json.loads((out / way / "report-pixels.json").read_text("utf-8"))
        records = sorted((out / way / "runs").glob("*/trajectory.json"))
        rounds = [len(json.loads(file.read_text("utf-8"))["rounds"]) for file in records]
        found[way] = report["each"], report["complete"], rounds
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a run comes to that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    env = {"GEMS_HOME": str(folder / "home")}
    assert run(arguments(folder / "o"), env).code in (0, 3)
    return judged(folder / "o", env)


def test_it_ends_with_the_same_report(whole: dict[str, Any], tmp_path: Path) -> None:
    def late() -> float:
        ended = [*(tmp_path / "o").glob("*/runs/*/trajectory.json")]
        return 0 if len(ended) >= ENDED else 0.02

    env = {"GEMS_HOME": str(tmp_path / "home")}
    assert run(arguments(tmp_path / "o"), env, late).code is None  # killed
    assert run(arguments(tmp_path / "o"), env).code in (0, 3)
    assert judged(tmp_path / "o", env) == whole
    docs = tmp_path / "docs"
    (docs / "figures").mkdir(parents=True)
    shutil.copyfile(eval_shapes.DOCS / "benchmarks.md", docs / "benchmarks.md")
    assert run(["eval", "report", str(tmp_path / "o"), "-q"], env).code == 0
    eval_shapes.write_docs(tmp_path / "o", docs)
    text = (docs / "benchmarks.md").read_text("utf-8")
    assert all(f"\n| {way} | " in text for way in WAYS)
    assert len([*(docs / "figures").glob("fig*.svg")]) == 8
