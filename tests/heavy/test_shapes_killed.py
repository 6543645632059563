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
MOMENTS = [round(random.Random(14).uniform(0.1, 0.9), 3) for _ in range(1)]


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
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """Return what a run comes to that nobody disturbed, and the seconds it took."""
    folder = tmp_path_factory.mktemp("whole")
    env = {"GEMS_HOME": str(folder / "home")}
    ran = run(arguments(folder / "o"), env)
    return judged(folder / "o", env), ran.seconds


@pytest.mark.parametrize("share", MOMENTS)
def test_it_ends_with_the_same_report(
    whole: tuple[dict[str, Any], float], tmp_path: Path, share: float
) -> None:
    truth, seconds = whole
    env = {"GEMS_HOME": str(tmp_path / "home")}
    run(arguments(tmp_path / "o"), env, kill_after=share * seconds)
    assert run(arguments(tmp_path / "o"), env).code in (0, 3)
    assert judged(tmp_path / "o", env) == truth
    docs = tmp_path / "docs"
    (docs / "figures").mkdir(parents=True)
    shutil.copyfile(eval_shapes.DOCS / "benchmarks.md", docs / "benchmarks.md")
    assert run(["eval", "report", str(tmp_path / "o"), "-q"], env).code == 0
    eval_shapes.write_docs(tmp_path / "o", docs)
    text = (docs / "benchmarks.md").read_text("utf-8")
    assert all(f"\n| {way} | " in text for way in WAYS)
    assert len([*(docs / "figures").glob("fig*.svg")]) == 8
