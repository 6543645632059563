"""What README and docs show works as shown."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from gems_graph import cli
from gems_graph.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec", dont_inherit=True), names)
    if page.name == "README.md":
        assert (tmp_path / "image.png").stat().st_size > 0


def offline_commands() -> list[str]:
    text = "\n".join(blocks(ROOT / "README.md", "sh")).replace("\\\n", " ")
    return [
        line
        for line in text.splitlines()
        if line.startswith("gems ")
        and line != "gems ui"
        and "--mllm" not in line
        and "<" not in line
    ]


def test_offline_commands_of_the_readme_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(offline_commands()) >= 5
    for command in offline_commands():
        monkeypatch.setattr(sys, "argv", shlex.split(command, comments=True))
        with pytest.raises(SystemExit) as exited:
            cli.main()
        assert exited.value.code in (0, 3, None), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_every_target_that_the_pages_name_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", page.read_text())) <= made


def test_every_setting_named_in_the_docs_exists() -> None:
    text = (ROOT / "docs" / "models.md").read_text()
    for name in ("attempts", "retries", "retry_wait", "concurrency", "reseed"):
        assert name in Settings.model_fields
        assert name in text
