"""`gems report`: threads, folders and files in; a page or a picture out; a sentence else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from gems_graph.report.html.reading import read, records_at
from tests.conftest import HARD, Gems

WISH = "a red fish left of a blue house"


def test_a_thread_a_folder_and_a_file_give_the_same_page(gems: Gems, tmp_path: Path) -> None:
    gems("run", HARD, "--seed", "1", "--thread", "t", "--out", "one")
    assert gems("report").out == "gems-out/report.html\n"
    pages = [
        gems("report", each, "-o", f"{k}.html").out.strip()
        for k, each in enumerate(("t", "one", "one/trajectory.json"))
    ]
    texts = [(tmp_path / page).read_text(encoding="utf-8") for page in pages]
    assert texts[1] == texts[2]
    assert texts[0].count("data:image/webp") == texts[1].count("data:image/webp") == 3
    assert HARD in texts[0]
    assert "(its instructions)" not in texts[0]
    assert gems("report", "one").out == "one/report.html\n"


def test_a_batch_ends_with_one_and_the_same_command_leaves_it(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "wishes.txt").write_text(f"{WISH}\na green boat\n")
    said = gems("run", "--prompts", "wishes.txt", "--out", "many", "--set", "max_iterations=1")
    assert "Report: many/report.html" in said.err
    page = tmp_path / "many" / "report.html"
    assert WISH in page.read_text(encoding="utf-8")
    page.write_text("as it was")
    gems("run", "--prompts", "wishes.txt", "--out", "many", "--set", "max_iterations=1")
    assert page.read_text() == "as it was"
    assert gems("report", "many", "--title", "Both").out == "many/report.html\n"
    assert "<h1>Both</h1>" in page.read_text(encoding="utf-8")
    assert [file.parent.name for file in records_at(tmp_path / "many")] == ["0001", "0002"]


def test_what_lies_in_the_folder_is_shown_where_the_store_has_nothing(
    gems: Gems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gems("run", HARD, "--seed", "1", "--out", "one")
    monkeypatch.setenv("GEMS_HOME", str(tmp_path / "elsewhere"))
    page = Path(gems("report", "one").out.strip()).read_text(encoding="utf-8")
    assert page.count("data:image/webp") == 3
    assert "This picture is missing" not in page


def test_rounds_become_a_picture_or_a_moving_one(gems: Gems, tmp_path: Path) -> None:
    gems("run", HARD, "--seed", "1", "--out", "one")
    for name, frames in (("r.png", 1), ("r.gif", 2), ("r.webp", 2)):
        assert gems("report", "one", "-o", name).out.strip() == name
        with Image.open(tmp_path / name) as image:
            assert getattr(image, "n_frames", 1) == frames
    said = gems("report", "one", "one", "-o", "r.gif")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "one trajectory, and these are 2" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "'nobody' is neither a file or folder here nor a trajectory in"),
        (("empty",), "empty holds no trajectory.json"),
        (("bad.json",), "bad.json is no record of a trajectory"),
        (("text.json",), "Cannot read text.json"),
        (("list.json",), "list.json is no record of a trajectory"),
        (("newer.json",), "written by a newer release"),
        ((), "There is no trajectory in"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(
    gems: Gems, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    wrong = {"prompt": 3, "rounds": [{"n": "1", "verdicts": None}]}
    (tmp_path / "bad.json").write_text(json.dumps(wrong))
    (tmp_path / "text.json").write_text("{")
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "newer.json").write_text(json.dumps({"prompt": "p", "rounds": [], "schema": 99}))
    shown = gems("report", *arguments)
    assert (shown.code, shown.err.count("\n"), shown.out) == (2, 1, "")
    assert said in shown.err


def test_one_broken_record_of_many_is_told_and_left_out(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "wishes.txt").write_text(f"{WISH}\na green boat\n")
    gems("run", "--prompts", "wishes.txt", "--out", "many", "--set", "max_iterations=1")
    (tmp_path / "many" / "0001" / "trajectory.json").write_text("{}")
    shown = gems("report", "many")
    assert shown.code == 0
    assert "Left out: many/0001/trajectory.json is no record" in shown.err


def test_a_record_of_the_release_before_is_read(tmp_path: Path) -> None:
    file = tmp_path / "trajectory.json"
    file.write_text(json.dumps({"prompt": "p", "rounds": [], "criteria": None, "thread": "t"}))
    assert read(file).name == "t"
