"""Skills: the manifest, near-miss names, lazy reading, broken files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gems_graph.errors import ConfigError
from gems_graph.skills import Skills, near
from gems_graph.testing import text_of

PACKAGED = ["aesthetic-drawing", "creative-drawing", "spatial-intelligence", "text-rendering"]


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name / "SKILL.md"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode())
    return file


def test_four_skills_ship_with_descriptions() -> None:
    manifest = Skills().manifest
    assert [skill.name for skill in manifest] == PACKAGED
    assert all(40 < len(skill.description) < 1024 for skill in manifest)
    assert all("Do not use when" in skill.instructions() for skill in manifest)
    assert all(skill.file.parent.name == skill.name for skill in manifest)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("spatial-intelligence", "spatial-intelligence"),
        ("`Spatial`", "spatial-intelligence"),
        ("SKILL_ID: spatial-intelligence", "spatial-intelligence"),
        ("skill: Text Rendering", "text-rendering"),
        ("text_rendering", "text-rendering"),
        ('"Creative Drawing".', "creative-drawing"),
        ("spatial inteligence", "spatial-intelligence"),
        ("the aesthetic-drawing skill", "aesthetic-drawing"),
        ("drawing", None),
        ("cooking", None),
        ("", None),
        ("--", None),
    ],
)
def test_a_near_miss_still_finds_its_skill(said: str, meant: str | None) -> None:
    assert near(said, PACKAGED) == meant


def test_the_planner_sees_only_the_manifest_and_reads_what_is_picked(
    loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = Path.read_text

    def counting(self: Path, *args: Any, **kwargs: Any) -> str:
        if self.name == "SKILL.md":
            read.append(self.parent.name)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", counting)
    made = loop({"select-skills": [{"skills": []}, {"skills": ["`Spatial`"]}]})
    assert made.run()["skills"] == []
    assert read == []
    out = made.run()
    assert out["skills"] == ["spatial-intelligence"]
    assert read == ["spatial-intelligence"]
    manifest = text_of(made.chat.asked("select-skills")[0][0])
    assert "Work out the layout" not in manifest
    assert all(name in manifest for name in PACKAGED)
    assert "Work out the layout" in text_of(made.chat.asked("apply-skills")[0][0])
    assert out["rounds"][0]["prompt"] == "a prompt written with a skill"


def test_an_unknown_skill_is_reported_and_p1_is_u(loop: Any) -> None:
    made = loop({"select-skills": {"skills": ["cooking"]}})
    out = made.run("a cat")
    assert out["notes"] == ["The Planner asked for a skill 'cooking', which does not exist."]
    assert out["rounds"][0]["prompt"] == "a cat"


def test_no_more_than_max_skills_are_used(loop: Any) -> None:
    picks = {"select-skills": {"skills": ["creative", "creative-drawing", "text", "spatial"]}}
    assert loop(picks).run()["skills"] == ["creative-drawing"]
    assert loop(picks, max_skills=2).run()["skills"] == ["creative-drawing", "text-rendering"]
    made = loop(picks, max_skills=0)
    assert made.run()["skills"] == []
    assert not made.chat.asked("select-skills")


def test_a_later_folder_wins_and_windows_files_are_read(tmp_path: Path) -> None:
    text = "\ufeff---\r\nname: text-rendering \r\ndescription: 'mine: all'\r\n---\r\nBody\r\n"
    write(tmp_path, "text-rendering", text)
    skill = Skills([str(tmp_path)]).find("text-rendering")
    assert skill is not None
    assert (skill.description, skill.instructions()) == ("mine: all", "Body")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "first line must be ---"),
        ("---\nname: x\n", "no closing ---"),
        ("---\nname: x\n---\n", "needs a description"),
        ("---\ndescription: x\n---\n", "needs a name"),
        ("---\nname: [\n---\n", "left out"),
        ("---\n- a\n---\n", "lines"),
        (f"---\nname: {'x' * 65}\ndescription: d\n---\n", "longer than 64"),
        ("", "first line must be ---"),
    ],
)
def test_a_broken_skill_is_named_and_never_stops_a_run(
    tmp_path: Path, loop: Any, text: str, said: str
) -> None:
    file = write(tmp_path, "broken", text)
    out = loop({}, skills=[str(tmp_path)]).run()
    assert out["result"]["success"]
    [note] = out["notes"]
    assert str(file) in note
    assert said in note


def test_a_missing_skill_folder_is_named() -> None:
    with pytest.raises(ConfigError, match="no-such"):
        Skills(["no-such"])
