"""`gems skills` and `gems run --skills`: output, exit codes, one sentence an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import servers  # noqa: F401  # a fixture
from tests.conftest import criteria, verdicts
from tests.skills.test_skills import PACKAGED, plain, write


def test_list_names_every_skill_its_source_and_what_is_broken(gems: Any, tmp_path: Path) -> None:
    write(tmp_path / "more", "mine", plain("mine", "Does mine."))
    write(tmp_path / "more", "bad", "nothing")
    result = gems("skills", "list", "--skills", str(tmp_path / "more"))
    assert result.code == 0
    names = [line.split(" (")[0] for line in result.out.splitlines()[::2]]
    assert names == sorted([*PACKAGED, "mine"])
    assert "mine (folder, " in result.out
    assert "text-rendering (packaged)" in result.out
    assert "    Does mine.\n" in result.out
    [problem] = result.err.splitlines()
    assert "bad/SKILL.md:1 is left out" in problem


def test_list_sees_all_sources(gems: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "config" / "gems" / "skills", "a-user", plain("a-user"))
    write(Path.cwd() / ".gems" / "skills", "b-project", plain("b-project"))
    write(tmp_path / "env", "c-env", plain("c-env"))
    monkeypatch.setenv("GEMS_SKILLS", str(tmp_path / "env"))
    out = gems("skills", "list").out
    assert all(f"{name} (" in out for name in ("a-user", "b-project", "c-env"))
    assert "a-user (user, " in out
    assert "b-project (project, " in out


def test_show_tells_all_of_a_skill(gems: Any, tmp_path: Path) -> None:
    more = "license: MIT\ncriteria: [Is it so?]\n"
    write(tmp_path / "more", "mine", plain("mine", "Does mine.", "Do it.", more))
    write(tmp_path / "more" / "mine", "references", "x", "one.md")
    result = gems("skills", "show", "Mine", "--skills", str(tmp_path / "more"))
    assert result.code == 0
    assert result.out.splitlines() == [
        "name: mine", "description: Does mine.", f"from: {tmp_path}/more/mine/SKILL.md",
        "license: MIT", "criterion: Is it so?", "file: references/one.md", "", "Do it.",
    ]  # fmt: skip


def test_new_makes_a_skill_that_passes_the_check(gems: Any) -> None:
    result = gems("skills", "new", "wide-views")
    assert (result.code, result.out) == (0, f"{Path('.gems/skills/wide-views/SKILL.md')}\n")
    assert "name: wide-views" in Path(result.out.strip()).read_text()
    assert gems("skills", "check", ".gems/skills").out == "No problems found.\n"
    assert "wide-views (project" in gems("skills", "list").out
    assert gems("skills", "new", "other", "--in", "here").out == f"{Path('here/other/SKILL.md')}\n"


def test_check_lists_problems_and_exits_1(gems: Any, tmp_path: Path) -> None:
    write(tmp_path / "more", "bad", plain("worse"))
    result = gems("skills", "check", str(tmp_path / "more"))
    assert (result.code, result.err) == (1, "")
    assert result.out.startswith(f"{tmp_path}/more/bad/SKILL.md:2: its folder is called 'bad'")


def test_check_without_a_folder_takes_all_in_use(gems: Any) -> None:
    (Path.cwd() / ".gems" / "skills" / "notes").mkdir(parents=True)
    assert gems("skills", "check").code == 0
    write(Path.cwd() / ".gems" / "skills", "bad", plain("worse"))
    assert gems("skills", "check").code == 1


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["show", "cooking"], "there are action-and-contact, aesthetic-drawing"),
        (["new", "Bad Name"], "use at most 64 lowercase letters"),
        (["new", "../x"], "use at most 64 lowercase letters"),
        (["new", ""], "use at most 64 lowercase letters"),
        (["new", "taken"], "choose another name, or edit it"),
        (["new", "x", "--in", "file"], "name another folder with --in"),
        (["check", "no-such"], "name a skill's folder"),
        (["check", "empty"], "`gems skills new` makes one"),
        (["list", "--skills", "no-such"], "create it or drop it"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exits_2(
    gems: Any,
    arguments: list[str],
    remedy: str,
) -> None:
    write(Path(".gems/skills"), "taken", plain("taken"))
    Path("file").write_text("")
    Path("empty").mkdir()
    result = gems("skills", *arguments)
    assert (result.code, result.out) == (2, "")
    [line] = result.err.splitlines()
    assert line.startswith("gems: ")
    assert remedy in line


def test_run_takes_more_folders_on_top_of_the_environments(
    gems: Any,
    servers: Any,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder, name in (("env", "a"), ("one", "b"), ("two", "c")):
        write(tmp_path / folder, name, plain(name))
    monkeypatch.setenv("GEMS_SKILLS", str(tmp_path / "env"))
    script = {
        "select-skills": {"skills": ["a", "b", "c"]},
        "decompose": criteria(1),
        "verify": verdicts("y"),
    }
    result = gems(
        "run", "p", *servers(script), "--max-skills", "3", "--json", "-q",
        "--skills", str(tmp_path / "one"), "--skills", str(tmp_path / "two"),
    )  # fmt: skip
    assert json.loads(result.out)["skills"] == ["a", "b", "c"]
