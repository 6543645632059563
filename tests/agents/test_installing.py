"""The skill for coding agents: what it says is so, and where it is put."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from skills_ref import validate

from gems_graph.agents.installing import PACKAGED
from gems_graph.cli.app import app
from gems_graph.cli.terminal import exit_codes
from gems_graph.skills import Skills
from tests.conftest import Gems

TEXT = (PACKAGED / "SKILL.md").read_text(encoding="utf-8")


def test_it_keeps_to_the_standard() -> None:
    assert validate(PACKAGED) == []


def test_the_commands_and_options_that_it_names_exist() -> None:
    from typer.main import get_command

    root = get_command(app)
    commands = root.commands  # type: ignore[attr-defined]
    named = re.findall(r"gems (run|verify|resume|fork|doctor|skills)\b([^`\n]*)", TEXT)
    assert {name for name, _ in named} >= {"run", "verify", "resume", "fork", "doctor"}
    for name, rest in named:
        options = {o for each in commands[name].params for o in each.opts}
        assert {*re.findall(r"--[a-z-]+", rest)} <= options, (name, rest)
    alone = {*re.findall(r"`(--[a-z-]+)", TEXT)}
    everywhere = {o for command in commands.values() for p in command.params for o in p.opts}
    assert alone <= everywhere


def test_the_exit_codes_that_it_names_are_those() -> None:
    rows = dict(re.findall(r"^\| (\d) \| ([^|]+?) \|", TEXT, re.MULTILINE))
    said = {"0": "every criterion holds", "3": "the best there is", "4": "it waits for a person"}
    assert all(rows[code].startswith(words) for code, words in said.items())
    assert (exit_codes.PASSED, exit_codes.BEST_EFFORT, exit_codes.WAITING) == (0, 3, 4)
    assert (exit_codes.FAILED, exit_codes.USAGE) == (1, 2)


def test_it_is_put_where_agents_look_and_our_planner_does_not(gems: Gems, tmp_path: Path) -> None:
    done = gems("skills", "install")
    file = tmp_path / ".agents" / "skills" / "gems" / "SKILL.md"
    assert (done.code, Path(done.out.strip())) == (0, file.relative_to(tmp_path))
    assert file.read_text(encoding="utf-8") == TEXT
    assert gems("skills", "install").code == 0  # the same again
    assert Skills([]).find("gems") is None


def test_for_the_user_and_for_any_folder(
    gems: Gems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    gems("skills", "install", "--user")
    assert (tmp_path / "user/.claude/skills/gems/SKILL.md").is_file()
    gems("skills", "install", "--to", "mine")
    assert (tmp_path / "mine/gems/SKILL.md").is_file()
    assert "leave one out" in gems("skills", "install", "--user", "--to", "mine").err


def test_what_somebody_has_changed_is_kept_unless_forced(gems: Gems, tmp_path: Path) -> None:
    gems("skills", "install")
    file = tmp_path / ".agents" / "skills" / "gems" / "SKILL.md"
    file.write_text("mine", encoding="utf-8")
    refused = gems("skills", "install")
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert file.read_text(encoding="utf-8") == "mine"
    assert gems("skills", "install", "--force").code == 0
    assert file.read_text(encoding="utf-8") == TEXT


def test_a_folder_that_cannot_be_made_is_named(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused = gems("skills", "install", "--to", "file")
    assert (refused.code, "with --to" in refused.err) == (2, True)
