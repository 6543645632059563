"""`check` and the standard's own validator, skills-ref, agree; where they do not, we say why."""

from __future__ import annotations

from pathlib import Path

import pytest
from skills_ref import validate

from gems_graph.errors import ConfigError
from gems_graph.paths import data_folder
from gems_graph.skills.checking import check
from tests.skills.test_skills import CLASSIC, plain, write


def ours(folder: Path) -> bool:
    """Whether our check has nothing to say about a skill."""
    try:
        return not check(folder).problems
    except ConfigError:
        return False


GOOD = {
    "minimal": ("my-skill", plain("my-skill")),
    "every field": (
        "my-skill",
        plain(
            "my-skill", more="license: MIT\ncompatibility: any\nmetadata:\n  author: Me\n  v: '1'\n"
        ),
    ),
    "tools as a text": ("x", plain("x", more="allowed-tools: Bash(jq:*) Bash(git:*)\n")),
    "tools as a list": ("x", plain("x", more="allowed-tools:\n  - Read\n  - Grep\n")),
    "no body": ("x", "---\nname: x\ndescription: d\n---\n"),
    "digits": ("3d-2", plain("3d-2")),
    "name of 64": ("a" * 64, plain("a" * 64)),
    "description of 1024": ("x", plain("x", "d" * 1024)),
    "compatibility of 500": ("x", plain("x", more=f"compatibility: {'c' * 500}\n")),
    "Chinese": ("技能", plain("技能")),
    "Russian": ("мой-навык", plain("мой-навык")),
    "decomposed name": ("caf\u00e9", plain("cafe\u0301")),
    "quoted and folded": ("x", "---\nname: 'x'\ndescription: >\n  a\n  b\n---\nB\n"),
    "a number for a name": ("123", plain("123")),
    "windows": ("x", plain("x").replace("\n", "\r\n")),
    "spaces after the fence": ("x", plain("x").replace("---\n", "--- \n")),
    "a comment": ("x", "---\n# note\nname: x\ndescription: d\n---\n"),
}
BAD = {
    "capitals": ("MySkill", plain("MySkill")),
    "Russian capitals": ("НАВЫК", plain("НАВЫК")),
    "name of 70": ("a" * 70, plain("a" * 70)),
    "leading hyphen": ("-x", plain("-x")),
    "trailing hyphen": ("x-", plain("x-")),
    "two hyphens": ("my--skill", plain("my--skill")),
    "underscore": ("my_skill", plain("my_skill")),
    "space": ("my skill", plain("my skill")),
    "another folder": ("wrong", plain("right")),
    "unknown key": ("x", plain("x", more="unknown_field: no\n")),
    "no name": ("x", "---\ndescription: d\n---\nB\n"),
    "no description": ("x", "---\nname: x\n---\nB\n"),
    "empty description": ("x", plain("x", "''")),
    "description of 1100": ("x", plain("x", "d" * 1100)),
    "compatibility of 550": ("x", plain("x", more=f"compatibility: {'c' * 550}\n")),
    "compatibility list": ("x", plain("x", more="compatibility:\n  - a\n")),
    "no front matter": ("x", "# Title\n\nBody\n"),
    "not closed": ("x", "---\nname: x\ndescription: d\n"),
    "no mapping": ("x", "---\n- a\n- b\n---\n"),
    "not YAML": ("x", "---\nname: x\ndescription: 'd\n---\nB\n"),
    "colon in a value": ("x", plain("x", "Use: so")),
    "twice": ("x", "---\nname: x\nname: x\ndescription: d\n---\n"),
    "reference": ("x", "---\nname: x\ndescription: &a d\nlicense: *a\n---\n"),
    "empty": ("x", ""),
}


@pytest.mark.parametrize("case", GOOD)
def test_both_accept(case: str, tmp_path: Path) -> None:
    folder = write(tmp_path, *GOOD[case]).parent
    assert validate(folder) == []
    assert check(folder) == ([], [])


@pytest.mark.parametrize("case", BAD)
def test_both_refuse(case: str, tmp_path: Path) -> None:
    folder = write(tmp_path, *BAD[case]).parent
    assert validate(folder)
    problems = check(folder).problems
    assert problems
    assert all(problem.startswith(f"{folder / 'SKILL.md'}:") for problem in problems)
    assert all("; " in problem for problem in problems)  # the remedy


def test_both_refuse_what_is_no_skill_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nothing", tmp_path / "file", tmp_path / "empty"):
        assert validate(path)
        with pytest.raises(ConfigError, match=r"no folder|no SKILL\.md"):
            check(path)


@pytest.mark.parametrize(
    ("folder", "text", "why"),
    [
        ("x", "\ufeff" + plain("x"), "skills-ref 0.1.1 stumbles over a byte order mark"),
        ("x", plain("x", more="allowed-tools: [Read, Grep]\n"), "and over YAML in flow style"),
        ("x", "\n" + plain("x"), "blank lines before the front matter do no harm"),
        ("x", plain("x", more="criteria:\n  - Is it so?\n"), "`criteria` is a key of ours"),
        ("x", plain("x", more="version: 1.2\ntags: a\n"), "other agents know these keys"),
        ("x", CLASSIC.format(name="x"), "the format of the authors' code is ours to read, too"),
    ],
)  # fmt: skip
def test_where_we_accept_more(folder: str, text: str, why: str, tmp_path: Path) -> None:
    path = write(tmp_path, folder, text).parent
    assert check(path).problems == [], why
    assert validate(path), f"no longer true: {why}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (plain("x", more="license:\n  - MIT\n"), "a licence is a text in the standard"),
        (plain("x", body="See `references/nothing.md`."), "a dead mention misleads the model"),
    ],
)
def test_where_we_refuse_more(text: str, why: str, tmp_path: Path) -> None:
    path = write(tmp_path, "x", text).parent
    assert validate(path) == [], f"no longer true: {why}"
    assert len(check(path).problems) == 1, why


def test_a_description_with_a_fence_in_it_is_read_whole(tmp_path: Path) -> None:
    """skills-ref 0.1.1 calls it valid as well, but cuts it at the three hyphens."""
    from skills_ref import read_properties

    from gems_graph.skills import Skill

    file = write(tmp_path, "x", plain("x", "a --- b"))
    assert check(file.parent).problems == validate(file.parent) == []
    assert Skill.load(file).description == "a --- b"
    assert read_properties(file.parent).description == "a"


def test_our_own_skills_pass_both() -> None:
    assert check(data_folder("skills")) == ([], [])
    for file in data_folder("skills").glob("*/SKILL.md"):
        assert validate(file.parent) == []


def test_every_problem_is_listed(tmp_path: Path) -> None:
    more = f"colour: red\ncompatibility: {'c' * 501}\n"
    write(tmp_path, "one", plain("one", body="`references/no.md`", more=more))
    write(tmp_path, "two", plain("other"))
    problems = check(tmp_path).problems
    assert [problem.split(": ", 1)[0] for problem in problems] == [
        f"{tmp_path}/one/SKILL.md:4", f"{tmp_path}/one/SKILL.md:5",
        f"{tmp_path}/one/SKILL.md:1", f"{tmp_path}/two/SKILL.md:2",
    ]  # fmt: skip
    assert ours(tmp_path) is False


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("version: 1.2", "some agents know it; to be portable, move it under `metadata:`"),
        ("tags: [a, b]", "some agents know it"),
        ("argument-hint: '[file]'", "some agents know it"),
        ("criteria: [Is it so?]", "write them one a line under `metadata:` as `gems-criteria`"),
    ],
)
def test_keys_that_others_know_are_warnings(tmp_path: Path, key: str, remedy: str) -> None:
    file = write(tmp_path, "x", plain("x", more=f"{key}\n"))
    problems, [warning] = check(file.parent)
    assert problems == []
    assert warning.startswith(f"{file}:4: {key.partition(':')[0]} is not a key of Agent Skills; ")
    assert remedy in warning


@pytest.mark.parametrize(
    ("mention", "problems"),
    [
        ("../other-skill/references/no.md", 0),
        ("other-skill/references/no.md", 0),
        ("https://example.org/references/no.md", 0),
        ("./references/no.md", 1),
        ("x/references/no.md", 1),
        ("(references/no.md)", 1),
        ("./references/yes.md", 0),
        ("x/references/yes.md", 0),
    ],
)
def test_only_mentions_of_its_own_files_must_lead_somewhere(
    tmp_path: Path, mention: str, problems: int
) -> None:
    file = write(tmp_path, "x", plain("x", body=f"See {mention} for more."))
    write(tmp_path / "x", "references", "text", "yes.md")
    assert len(check(file.parent).problems) == problems


def test_a_title_that_is_no_name_is_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, "spatial", CLASSIC.format(name="Space & Place"))
    problems, [warning] = check(file.parent)
    assert problems == []
    assert warning == (
        f"{file}:1: 'Space & Place' is no usable name; it is called 'spatial' after its folder."
    )
