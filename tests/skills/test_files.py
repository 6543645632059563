"""Files of skills: only those inside the folder, of known kinds and bounded size."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gems_graph.errors import ConfigError
from gems_graph.skills import Skill, Skills
from gems_graph.skills.checking import check_file
from gems_graph.skills.parse import parse
from gems_graph.skills.parsed import BrokenSkillError
from tests.skills.test_skills import plain, write

SECRET = "the secret of somebody else"


@pytest.fixture
def skill(tmp_path: Path) -> Skill:
    """A skill with two references, a picture, and secrets all around it."""
    (tmp_path / "secret.md").write_text(SECRET)
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "secret.md").write_text(SECRET)
    folder = tmp_path / "skills" / "x"
    file = write(tmp_path / "skills", "x", plain("x", body="See `assets/grid.png`."))
    write(folder, "references", "One", "one.md")
    write(folder, "references", b"\xef\xbb\xbfTwo \xff", "TWO.TXT")
    write(folder, "references", b"PNG", "three.png")
    write(folder, "assets", b"PNG", "grid.png")
    write(folder, "assets", "not mentioned", "other.md")
    write(folder, "references", SECRET, ".hidden.md")
    write(folder, "references", "print()", "code.py")
    (folder / "references" / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "references" / "out").symlink_to(tmp_path)
    os.mkfifo(folder / "references" / "pipe.md")
    return Skill.load(file)


def test_only_what_the_instructions_refer_to_is_offered(skill: Skill) -> None:
    assert skill.references() == [
        "assets/grid.png", "references/TWO.TXT", "references/one.md", "references/three.png",
    ]  # fmt: skip
    assert skill.reference("references/one.md").text == "One"
    assert skill.reference(" ./references/one.md ").text == "One"
    assert skill.reference("references/TWO.TXT").text == "Two �"
    assert skill.reference("assets/grid.png") == ("assets/grid.png", "", b"PNG")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.md", "references/../../secret.md", "references/../references/one.md",
        "/etc/passwd", "references/link.md", "references/out/secret.md", "references/.hidden.md",
        "references/code.py", "references/pipe.md", "references", "", ".", "SKILL.md",
        "assets/other.md", "REFERENCES/ONE.MD", "references\\one.md", "references/one.md\x00",
        "references//one.md", "C:\\secret.md", "file:///etc/passwd", "%2e%2e/secret.md",
    ],
)  # fmt: skip
def test_nothing_else_is_read(skill: Skill, path: str) -> None:
    with pytest.raises(ConfigError, match=r"it has: assets/grid\.png"):
        skill.reference(path)


@given(st.lists(st.sampled_from(["..", ".", "references", "out", "secret.md", "/", "~", "\\"])))
def test_no_path_leads_outside(parts: list[str]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "secret.md").write_text(SECRET)
        skill = Skill.load(write(folder / "skills", "x", plain("x")))
        write(folder / "skills" / "x", "references", "inside", "one.md")
        (folder / "skills" / "x" / "references" / "out").symlink_to(folder)
        with suppress(ConfigError):
            assert SECRET not in skill.reference("/".join(parts)).text


def test_a_folder_swapped_for_a_link_leads_nowhere(skill: Skill, tmp_path: Path) -> None:
    assert skill.file is not None
    references = skill.file.parent / "references"
    references.rename(tmp_path / "moved")
    references.symlink_to(tmp_path / "moved")
    assert skill.references() == ["assets/grid.png"]


@pytest.mark.parametrize(
    ("name", "limit"), [("big.md", 256_000), ("big.txt", 256_000), ("big.png", 5_000_000)]
)
def test_sizes_are_bounded(skill: Skill, name: str, limit: int) -> None:
    assert skill.file is not None
    file = write(skill.file.parent, "references", b"x" * limit, name)
    skill.reference(f"references/{name}")
    file.write_bytes(b"x" * (limit + 1))
    with pytest.raises(ConfigError, match=f"larger than {limit // 1000} kB; split or shrink it"):
        skill.reference(f"references/{name}")


def test_a_skill_made_in_code_has_no_files() -> None:
    skill = Skill("x", "d", "See `references/one.md`.")
    assert skill.references() == []
    with pytest.raises(ConfigError, match="it has: none"):
        skill.reference("references/one.md")


def pieces() -> Iterator[str]:
    yield from ("---", "--- ", "\n", "\r\n", "\r", "\ufeff", "name: x", "name: [", "description: d")
    yield from (
        "# Skill: x",
        "## Description",
        "## Instructions",
        "```",
        "key: &a [*a]",
        "- ",
        ": ",
    )
    yield from (
        "{",
        "}",
        "'",
        '"',
        "|",
        ">",
        "!!python/object:os.system",
        "\x00",
        "\u2028",
        "é",
        "criteria:",
    )


@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from(list(pieces()))).map("".join).map(str.encode),
    )
)
def test_any_bytes_are_a_skill_or_a_sentence_with_a_line(data: bytes) -> None:
    lines = data.count(b"\n") + data.count(b"\r") + 1
    try:
        parsed = parse(data, "x")
    except BrokenSkillError as broken:
        told = broken
    else:
        assert parsed.name
        assert 0 < len(parsed.description) <= 1024
        return
    assert 1 <= told.line <= lines
    assert "; " in str(told)


@given(
    st.one_of(
        st.binary(max_size=120),
        st.lists(st.sampled_from(list(pieces()))).map("".join).map(str.encode),
    ),
    st.sampled_from(["x", "技能", "-", " ", "a b", "x\n", "'"]),
)
def test_the_loader_takes_any_file(data: bytes, name: str) -> None:
    with TemporaryDirectory() as folder:
        file = write(Path(folder), name, data)
        skills = Skills([folder], local=False)
        mine = [skill for skill in skills.manifest if skill.source == "folder"]
        assert len(mine) + len(skills.problems) == 1
        assert all(skill.instructions() is not None and skill.references() == [] for skill in mine)
        assert bool(mine) or check_file(file)
