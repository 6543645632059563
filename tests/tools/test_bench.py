"""The benchmarks of the loop: what they read, pair and print."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tools import bench_curves, bench_loop, bench_memory, bench_readers, bench_start
from tools.arena import Arena, Job, jobs, requests
from tools.mini.kinds import KINDS


def test_both_readers_are_measured_on_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    report = bench_readers.measure(scenes=2)
    assert [*report] == [*KINDS, "all"]
    assert report["one object"]["atoms"] == 2 * 2 * 2
    assert bench_readers.trusted(report)
    bench_readers.show(report)
    assert "same colour twice" in capsys.readouterr().out


def test_a_blind_reader_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_readers, "_ask", lambda question, encoded: "yes")
    report = bench_readers.measure(scenes=2)
    assert not bench_readers.trusted(report)
    assert report["all"]["verifier"] < 0.9 < report["all"]["judge"]


def test_fewer_requests_are_the_first_of_more() -> None:
    assert requests(4) == requests(9)[:4]
    assert [job.seed for job in jobs(2, 2)] == [0, 7, 1000, 1007]


def test_the_ablation_pairs_each_row_with_the_one_above(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arms = list(bench_memory.ARMS)
    rows = [{arm: (k >= 1, 1 + k) for k, arm in enumerate(arms)} for _ in range(6)]
    report = bench_memory.table(rows, seeds=3)
    assert [report[arm]["right"][0] for arm in arms] == [0.0, *[1.0] * 6]
    assert [report[arm]["step"] for arm in arms[:3]] == [None, [1.0] * 3, [0.0] * 3]
    bench_memory.show(report, 2, 3)
    out = capsys.readouterr().out
    assert next(line for line in out.splitlines() if line.startswith("skills")).endswith("7.00")


def test_one_request_goes_through_every_arm_and_shares_its_pictures(tmp_path: Path) -> None:
    arena = Arena(str(tmp_path))
    row = asyncio.run(bench_memory.measure(arena, Job(requests(1)[0], 0)))
    assert row.keys() == bench_memory.ARMS.keys()
    drawn = len(list((tmp_path / "drawn").glob("*.png")))
    assert 0 < drawn < sum(images for _, images in row.values())


def test_the_curves_are_of_the_same_rounds_as_the_table(tmp_path: Path) -> None:
    request = next(r for r in requests(13) if r.kind == "between")
    row = asyncio.run(bench_loop.measure(Arena(str(tmp_path)), Job(request, 0)))
    for arm in ("five seeds", "muted", "GEMS"):
        allowed = [row[f"{arm} within {n}"] for n in range(1, 6)]
        assert allowed[0] == row["one image"]
        assert allowed[-1] == row[arm]
        assert [images for _, images in allowed] == [min(n, row[arm][1]) for n in range(1, 6)]


def test_the_curves_say_how_many_runs_ended_when() -> None:
    cells = {f"GEMS within {n}": (n > 1, min(n, 2)) for n in range(1, 6)}
    curve = bench_curves.table([cells] * 6, 3, ["GEMS"])["GEMS"]
    assert [row["ended"] for row in curve] == [0, 1, 0, 0, 0]
    assert [row["right"][0] for row in curve] == [0, 1, 1, 1, 1]
    assert [row["images"] for row in curve] == [1, 2, 2, 2, 2]


def test_the_way_to_the_first_call_is_a_part_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_start, "RUNS", 1)
    first, whole = bench_start.round_of_one()
    assert 0 < first < whole - 1.05  # the model time comes after it
