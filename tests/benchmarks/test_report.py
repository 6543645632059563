"""`gems eval report`: our rows beside the paper's, and figures that come out the same twice."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gems_graph.benchmarks import paper, running
from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.rows import collect
from gems_graph.benchmarks.tables import tables
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import file_name
from gems_graph.settings import Settings
from tests.conftest import Gems

RECORD = {
    "ledger": {"verifier": {"calls": 3, "input_tokens": 100, "output_tokens": 5, "images": 2}},
    "timings": [{"seconds": 1.5}],
    "skills": ["text-rendering"],
    "models": {"verifier": "vl", "generator": "z"},
    "rounds": [
        {"verdicts": [{"answer": "yes"}, {"answer": "no"}]},
        {"verdicts": [{"answer": "yes"}, {"answer": "yes"}]},
    ],
}
NO_USE = {
    "calls": 0, "retries": 0, "input_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0,
    "cached_tokens": 0, "unmetered": 0, "images": 0, "bytes": 0, "image_bytes": 0, "seconds": 0,
    "cost": 0.25,
}  # fmt: skip


def way(folder: Path, task: str, score: float | None, route: str = "endpoint", **more: Any) -> Path:
    """A run of two prompts, one drawn, with a report."""
    prompts = open_task("crea").load(folder)[:2]
    found = running.manifest(
        open_task(task), folder.name, folder, prompts, Settings(mllm="mini"),
        limit=None, samples=1, seeds=1,
    )  # fmt: skip
    running.write_manifest(folder, found)
    kept = folder / "runs" / "one"
    kept.mkdir(parents=True, exist_ok=True)
    usage = {**NO_USE, **RECORD["ledger"]["verifier"]}  # type: ignore[call-overload]
    record = {**RECORD, "ledger": {"verifier": usage}}
    (kept / "trajectory.json").write_text(json.dumps(record), encoding="utf-8")
    report = {
        "task": task, "route": route, "score": score, "figures": {"soft_tifa_gm": score},
        "interval": [0, 1], "complete": True, "prompts": 2, "failed": [], "missing": [],
        "judge": "j", "each": {"00000": score, "00001": None}, **more,
    }  # fmt: skip
    (folder / f"report-{route}.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


def test_rows_of_different_routes_stand_apart_and_incomplete_ones_are_not_averaged(
    tmp_path: Path,
) -> None:
    scores = {"geneval": 0.86, "geneval2": 63.5, "dpg": 86.01, "oneig_en": 0.569,
              "oneig_zh": 0.552, "wise": 0.81}  # fmt: skip
    for task, score in scores.items():
        way(tmp_path / task / "gems", task, score)
    way(tmp_path / "geneval2" / "gems", "geneval2", 99.0, "proxy")
    way(tmp_path / "geneval" / "gems", "geneval", 0.1, "official", complete=False)
    table = next(
        t for t in tables(collect([tmp_path / task for task in scores])) if t.title == "Table 1"
    )
    ours = {row[1]: row for row in table.rows[-table.ours :]}
    assert {*ours} == {"endpoint", "proxy"}
    assert (ours["endpoint"][0], ours["endpoint"][-1]) == ("gems", "74.51")
    assert (ours["proxy"][3], ours["proxy"][-1]) == ("99.00", "-")
    assert ["GEMS on Z-Image-Turbo", "paper"] in [row[:2] for row in table.rows]
    assert len(table.rows) == len(paper.tables()["1_mainstream"]["rows"]) + 2


def test_what_pictures_took_and_what_rows_rest_on(tmp_path: Path) -> None:
    rows = collect([way(tmp_path / "gems", "geneval2", 50.0)])
    took, rests = tables(rows)[-2:]
    assert took.rows == [["geneval2", "gems", "1", "1", "2", "3", "105", "1.5", "0.25"]]
    assert rests.rows[0][:8] == ["geneval2", "gems", "endpoint", "j", "2", "2", "1", "1"]
    assert rests.rows[0][8:] == ["vl, z", "mllm=mini", rows[0].run["commit"], "0.2500"]
    assert rows[0].taken.curve() == [0.5, 1.0]


def test_the_report_comes_out_the_same_twice(gems: Gems, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name, score in (("original", 20.0), ("gems", 50.0)):
        way(tmp_path / "o" / name, "geneval2", score)
    first, second = tmp_path / "a", tmp_path / "b"
    for place in (first, second):
        assert gems("eval", "report", "o", "--out", str(place)).code == 0
    names = sorted(file.name for file in first.iterdir())
    assert {"report.md", "report.html", "fig4-geneval2-endpoint-dark.svg"} <= {*names}
    assert "fig9-light.png" in names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    page = (first / "report.html").read_text(encoding="utf-8")
    drawn = base64.b64encode((first / "fig4-geneval2-endpoint-dark.svg").read_bytes()).decode()
    assert f'data:image/svg+xml;base64,{drawn}"' in page  # whole
    assert "gems against original: best gains" in page
    assert "://" not in page.replace("http://www.w3.org", "")  # self-contained


def test_differences_are_paired_by_prompt_and_of_one_route(tmp_path: Path) -> None:
    scores = {"gems": [50, 80, None], "craft": [40, 90, 20], "original": [10, 10, 10]}
    for name, each in scores.items():
        way(tmp_path / name, "geneval2", 1.0, each=dict(zip("abc", each, strict=True)))
    way(tmp_path / "craft", "geneval2", 1.0, "proxy", each={"a": 99})
    found = {t.title: t for t in tables(collect([tmp_path]))}
    table = found["GenEval2: differences of prompts' scores, paired"]
    assert [row[:4] for row in table.rows] == [
        ["gems minus original", "endpoint", "2", "+55.00"],
        ["gems minus craft", "endpoint", "2", "+0.00"],
    ]
    assert table.rows[1][4:] == ["-10.00", "+10.00"]
    assert table.rows[0][4:] == ["+40.00", "+70.00"]


def test_ways_stand_in_the_order_of_the_papers_ablation(tmp_path: Path) -> None:
    steps = ["original", "craft", "loop-only", "memory-feedback", "memory-experience", "gems"]
    for name in sorted(steps, reverse=True):
        way(tmp_path / name, "geneval2", 1.0)
    assert [row.label for row in collect([tmp_path])] == steps


def test_settings_of_a_preset_are_told_by_its_name(tmp_path: Path) -> None:
    folder = way(tmp_path / "loop-only", "geneval2", 1.0)
    run = running.read_manifest(folder)
    dials = Settings(preset="loop-only", show_passes=False).model_dump(exclude_unset=True)
    (folder / running.MANIFEST).write_text(json.dumps({**run, "settings": dials}), "utf-8")
    rests = tables(collect([folder]))[-1]
    assert rests.rows[0][9] == "preset=loop-only, show_passes=False"


def test_a_page_shows_the_text_of_prompts_and_the_two_tables_about_runs_last(
    tmp_path: Path, gems: Gems
) -> None:
    folder = way(tmp_path / "o" / "gems", "geneval2", 50.0)
    picture = folder / "runs" / file_name("geneval2/00000/0/1")
    picture.mkdir()
    Image.new("RGB", (4, 4)).save(picture / "image.png")
    record = {"prompt": "a <creative> couch", "ledger": {}}
    (picture / "trajectory.json").write_text(json.dumps(record), encoding="utf-8")
    assert gems("eval", "report", "o", "--no-figures", "--out", "r").code == 0
    page = Path("r/report.html").read_text(encoding="utf-8")
    assert "a &lt;creative&gt; couch" in page
    assert page.index("<h2>Table 5") < page.index("<h2>What a picture took")


def test_many_ways_are_drawn_in_panels_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from gems_graph.benchmarks.figures import draw

    for k in range(12):
        way(tmp_path / "o" / f"way-{k}", "geneval2", 50.0 + k)
    files = draw(collect([tmp_path / "o"]), tmp_path / "f", only=["fig5", "fig8"])
    assert {file.name for file in files} == {
        f"fig{n}-geneval2-{theme}.{kind}"
        for n in (5, 8) for theme in ("light", "dark") for kind in ("png", "svg")
    }  # fmt: skip
    for n in (5, 8):
        drawn = (tmp_path / "f" / f"fig{n}-geneval2-light.svg").read_text(encoding="utf-8")
        assert all(f">way-{k}<" in drawn for k in range(12))


def test_a_folder_without_runs_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gems eval run"):
        collect([tmp_path])
