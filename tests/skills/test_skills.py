"""Skills: names, both formats, sources, and what is said of broken ones."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from gems_graph import build_graph
from gems_graph.errors import ConfigError
from gems_graph.paths import data_folder
from gems_graph.prompting.verbatim import missing
from gems_graph.skills import Skill, Skills, near
from gems_graph.skills.names import tidy
from gems_graph.skills.shortlist import tokens_of

PACKAGED = [
    "action-and-contact", "aesthetic-drawing", "anatomy-and-material", "counting-and-binding",
    "creative-drawing", "infographic-layout", "spatial-intelligence", "text-rendering",
    "world-knowledge",
]  # fmt: skip
NEGATION = re.compile(
    r"\b(?:no|not|nothing|none|never|neither|nor|without)\b|n't\b|没有|不要|无任何"
)


def write(folder: Path, name: str, text: str | bytes, file: str = "SKILL.md") -> Path:
    path = folder / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def plain(name: str, description: str = "d", body: str = "Body", more: str = "") -> str:
    return f"---\nname: {name}\ndescription: {description}\n{more}---\n{body}\n"


def test_skills_ship_that_say_in_their_descriptions_when_and_when_not() -> None:
    manifest = Skills().manifest
    assert [skill.name for skill in manifest] == PACKAGED
    assert all(" Use when " in skill.description for skill in manifest)
    assert all(" Not " in skill.description.partition(" Use when ")[2] for skill in manifest)
    assert all(skill.metadata["license"] == "Apache-2.0" for skill in manifest)


def test_the_manifest_stays_small() -> None:
    assert sum(map(tokens_of, Skills().manifest)) < 1000


@pytest.mark.parametrize("skill", Skills().manifest, ids=lambda skill: skill.name)
def test_instructions_are_short_and_yield_to_the_generators_notes(skill: Skill) -> None:
    words = " ".join(skill.instructions().split())
    assert len(words.split()) < 520  # the Refiner reads them each round
    assert "enerator notes, where given, decide length and form" in words
    assert "## When " in skill.instructions()


@pytest.mark.parametrize("skill", Skills().manifest, ids=lambda skill: skill.name)
def test_worked_examples_name_only_what_is_there(skill: Skill) -> None:
    """A prompt that says "no cars" draws cars where the generator takes no negative prompt."""
    assert len(skill.references()) >= 2
    for path in skill.references():
        assert path in skill.instructions()
        text = skill.reference(path).text
        request, _, rest = text.partition("**Prompt:**")
        prompt, _, lesson = rest.partition("**To learn:**")
        assert "**Request:**" in request
        assert lesson.strip()
        assert not NEGATION.findall(prompt)


@pytest.mark.parametrize("skill", Skills().manifest, ids=lambda skill: skill.name)
def test_worked_examples_keep_what_the_request_quotes(skill: Skill) -> None:
    for path in skill.references():
        _, _, rest = skill.reference(path).text.partition("**Request:**")
        request, _, rest = rest.partition("\n\n")
        prompt = rest.partition("**Prompt:**")[2].partition("**To learn:**")[0]
        request = " ".join(request.split()).strip('"')
        assert missing(request, " ".join(prompt.split())) == []


def test_what_is_particular_to_us_stands_under_metadata() -> None:
    for skill in Skills().manifest:
        assert skill.metadata.keys() <= {"license", "metadata"}
        own = skill.metadata.get("metadata", {})
        assert own.keys() <= {"gems-criteria"}
        assert len(skill.criteria) <= 2


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


CLASSIC = "# Skill: {name}\n\n## Description\nTall things.\n\n## Instructions\nMake it tall.\n"


@pytest.mark.parametrize(
    ("folder", "text"),
    [
        ("tall", plain("tall", "Tall things.", "Make it tall.")),
        ("tall", plain("tall", "Tall things.", "Make it tall.").replace("\n", "\r\n")),
        ("tall", "\ufeff" + plain("tall ", "'Tall things.' ", "\n\nMake it tall.")),
        ("tall", "\n\n---  \nname: tall\t\ndescription: >\n  Tall\n  things.\n--- \nMake it tall."),
        ("tall", "---\ndescription: Tall things.\nname: tall\n---\nMake it tall."),
        ("any", CLASSIC.format(name="tall")),
        ("any", CLASSIC.format(name="tall").replace("\n", "\r\n")),
        ("any", "\ufeff" + CLASSIC.format(name="tall  ").replace(".\n", ".  \n")),
        (
            "any",
            "## Instructions\nMake it tall.\n## DESCRIPTION:\nTall things.\n### skill : tall #",
        ),
        ("any", "# Skill Name: tall\n# Description: Tall things.\n# Instruction\nMake it tall."),
        (
            "any",
            "# **Skill: tall**\n# **Description**\nTall things.\n# Instructions\nMake it tall.",
        ),
        ("any", "# Skill\n\ntall\n\n# Description\nTall things.\n# Instructions\nMake it tall."),
    ],
)
def test_both_formats_are_read_generously(tmp_path: Path, folder: str, text: str) -> None:
    write(tmp_path, folder, text)
    skills = Skills([tmp_path])
    skill = skills.find("tall")
    assert skills.problems == []
    assert skill is not None
    assert (skill.name, skill.description) == ("tall", "Tall things.")
    assert skill.instructions() == "Make it tall."


@pytest.mark.parametrize(
    "name", ["技能", "мой-навык", "cafe\u0301", "日本語 スキル", "Größe und Co"]
)
def test_names_in_any_script(tmp_path: Path, name: str) -> None:
    write(tmp_path, "classic", CLASSIC.format(name=name))
    skill = Skills([tmp_path]).find(name)
    assert skill is not None
    assert skill.name == tidy(name)


@pytest.mark.parametrize("title", ["Space & Place", "<b>", "", "x" * 65, "?"])
def test_a_title_that_is_no_name_gives_way_to_the_folders(
    tmp_path: Path, loop: Any, title: str
) -> None:
    file = write(tmp_path / "more", "space", CLASSIC.format(name=title))
    made = loop({"select-skills": {"skills": ["space"]}}, skills=[str(tmp_path / "more")])
    out = made.run()
    assert out["skills"] == ["space"]
    [note] = out["notes"]
    assert note.startswith(f"The skill {file}:1: ")
    assert "it is called 'space' after its folder" in note


def test_a_folder_that_is_no_name_either_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a & b", CLASSIC.format(name="a & b"))
    skills = Skills([tmp_path])
    assert [skill.name for skill in skills.manifest] == PACKAGED
    assert "no usable name" in skills.problems[0]


def test_criteria_may_stand_under_metadata_one_a_line(tmp_path: Path) -> None:
    more = "metadata:\n  gems-criteria: |\n    Is it so?\n\n    Is it good?\n"
    write(tmp_path, "x", plain("x", more=more))
    skill = Skills([tmp_path]).find("x")
    assert skill is not None
    assert skill.criteria == ("Is it so?", "Is it good?")


def test_headings_of_their_own_and_code_stay_in_the_instructions(tmp_path: Path) -> None:
    body = "### Steps\n1. Go\n```\n# Skill: no\n## Description\n```\n## Description\nnot this"
    write(tmp_path, "x", f"# Skill: x\n## Description\nd\n## Instructions\n{body}\n")
    skill = Skills([tmp_path]).find("x")
    assert skill is not None
    assert skill.instructions() == body


def test_extra_keys_are_kept_as_they_stand(tmp_path: Path) -> None:
    more = "license: MIT\nversion: 1.10\ntags: [a, no]\nmetadata:\n  author: me\n"
    write(tmp_path, "x", plain("x", "a --- b", more=more))
    skill = Skills([tmp_path]).find("x")
    assert skill is not None
    assert skill.description == "a --- b"
    assert skill.metadata == {
        "license": "MIT", "version": "1.10", "tags": ["a", "no"], "metadata": {"author": "me"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("no front matter", 1, "neither front matter nor a heading"),
        ("", 1, "neither front matter nor a heading"),
        ("---\nname: broken\n", 1, "no closing ---; add a line ---"),
        ("---\nname: broken\n---\n", 1, "needs a description; say in a sentence"),
        ("---\ndescription: x\n---\n", 1, "needs a name; add `name: broken`"),
        ("---\n\nname: broken\ndescription: Use: so\n---\n", 4, "in quotes"),
        ("---\nname: [\n---\n", 3, "not YAML"),
        ("---\nname: broken\ndescription: [a]\n---\n", 3, "description is no text"),
        ("---\n- a\n---\n", 2, "write lines `key: value`"),
        ("---\n---\n", 2, "write lines `key: value`"),
        (plain("x" * 65), 2, "longer than 64 characters; use at most 64 lowercase"),
        (plain("Broken"), 2, "capital letters"),
        (plain("-broken"), 2, "hyphen at an end"),
        (plain("bro--ken"), 2, "two in a row"),
        (plain("bro_ken"), 2, "other characters"),
        (plain("other"), 2, "folder is called 'broken', not 'other'; rename"),
        (plain("broken", "x" * 1025), 3, "longer than 1024 characters; move"),
        ("---\nname: broken\ndescription: d\nname: broken\n---\n", 4, "name is there twice"),
        (plain("broken", "&a x", more="b: *a\n"), 4, "YAML reference"),
        (plain("broken", more=f"a: {'[' * 40}{']' * 40}\n"), 4, "nested too deeply"),
        (plain("broken", more="criteria: {a: b}\n"), 4, "criteria are no list"),
        (plain("broken", more=f"criteria: [{', '.join('abcdefghi')}]\n"), 4, "too many"),
        (b"---\nname: broken\ndescription: \xff\n---\n", 3, "not UTF-8"),
        ("\n# Skill: a\n## Instructions\nb", 2, "needs a description"),
        ("\n# Skill: a\n## Description\nb", 2, "needs instructions; add `## Instructions`"),
    ],
)
def test_a_broken_skill_is_named_with_line_and_remedy_and_never_stops_a_run(
    tmp_path: Path, loop: Any, text: str | bytes, line: int, said: str
) -> None:
    file = write(tmp_path / "more", "broken", text)
    out = loop({}, skills=[str(tmp_path / "more")]).run()
    assert out["result"]["success"]
    [note] = out["notes"]
    assert note.startswith(f"The skill {file}:{line} is left out: ")
    assert said in note


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(plain("linked"))
    folder = tmp_path / "more"
    (folder / "linked").mkdir(parents=True)
    (folder / "linked" / "SKILL.md").symlink_to(outside)
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "SKILL.md")
    (folder / "dead").mkdir()
    (folder / "dead" / "SKILL.md").symlink_to(tmp_path / "nothing")
    (folder / "folder" / "SKILL.md").mkdir(parents=True)
    write(folder, "large", plain("large", body="x" * 256_001))
    write(folder, "empty-folder", "", file="notes.txt")
    skills = Skills([folder])
    assert [skill.name for skill in skills.manifest] == PACKAGED
    told = dict(zip(["dead", "folder", "large", "linked", "pipe"], skills.problems, strict=True))
    assert all(str(folder / name) in problem for name, problem in told.items())
    assert "larger than 256 kB; split or shrink it" in told["large"]
    assert "leads out of its skill's folder; put a copy there" in told["linked"]
    assert "not a regular file" in told["pipe"]


def test_a_skill_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "x", plain("x"))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x").symlink_to(tmp_path / "elsewhere" / "x")
    assert Skills([tmp_path / "more"]).find("x") is not None


def origins(tmp_path: Path) -> dict[str, Path]:
    return {
        "user": tmp_path / "config" / "gems" / "skills",
        "project": Path.cwd() / ".gems" / "skills",
        "first": tmp_path / "first",
        "second": tmp_path / "second",
    }


def test_sources_go_in_order_and_the_last_wins(tmp_path: Path) -> None:
    said = []
    for kind, folder in origins(tmp_path).items():
        write(folder, "text-rendering", plain("text-rendering", kind))
        write(folder, f"of-{kind}", plain(f"of-{kind}"))
        named = [str(f) for f in origins(tmp_path).values() if f.is_dir()][2:]
        skills = Skills(named)
        skill = skills.find("text-rendering")
        assert skill is not None
        said.append((skill.description, skill.source))
    assert said == [
        ("user", "user"), ("project", "project"), ("first", "folder"), ("second", "folder"),
    ]  # fmt: skip
    mine = Skill("text-rendering", "made in code", "Do it.")
    assert Skills(named, [mine]).find("text-rendering") is mine
    assert len(skills.manifest) == len(PACKAGED) + 4
    assert [s.name for s in Skills(local=False).manifest] == PACKAGED


def test_skills_of_a_project_are_reported(tmp_path: Path, loop: Any) -> None:
    folder = origins(tmp_path)["project"]
    folder.mkdir(parents=True)
    assert loop({}).run()["notes"] == []
    write(folder, "theirs", plain("theirs"))
    assert loop({}).run()["notes"] == [f"Skills of this project, {folder}, are in use: theirs."]
    assert loop({}, local_skills=False).run()["notes"] == []


def test_without_xdg_the_users_folder_is_in_dot_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / ".config" / "gems" / "skills", "x", plain("x"))
    assert Skills().find("x") is not None
    write(tmp_path / "more", "y", plain("y"))
    assert Skills(["~/more"]).find("y") is not None


def test_a_missing_named_folder_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'no-such' does not exist; create it or drop it"):
        Skills(["no-such"])


def test_the_variable_names_folders(
    tmp_path: Path, loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a", "x", plain("x"))
    write(tmp_path / "b", "y", plain("y"))
    monkeypatch.setenv("GEMS_SKILLS", os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")]))
    made = loop({"select-skills": {"skills": ["x", "y"]}}, max_skills=2)
    assert made.run()["skills"] == ["x", "y"]


def test_a_skills_own_folder_can_be_named(tmp_path: Path) -> None:
    file = write(tmp_path, "x", plain("x"))
    assert Skills([file.parent]).find("x") is not None


def test_a_lower_case_file_name_will_do(tmp_path: Path) -> None:
    write(tmp_path, "x", plain("x"), file="skill.md")
    assert Skills([tmp_path]).find("x") is not None


def test_two_skills_of_one_name_in_one_folder_are_told(tmp_path: Path) -> None:
    write(tmp_path, "a", CLASSIC.format(name="Big Things"))
    write(tmp_path, "big-things", plain("big-things"))
    skills = Skills([tmp_path])
    assert len(skills.manifest) == len(PACKAGED) + 1
    [problem] = skills.problems
    assert "has the same name; rename one" in problem


def test_python_takes_folders_and_objects(tmp_path: Path, loop: Any) -> None:
    write(tmp_path / "more", "x", plain("x"))
    mine = Skill("y", "Does y.", "Make it y.")
    made = loop(
        {"select-skills": {"skills": ["y", "x"]}}, max_skills=2, skills=[mine, tmp_path / "more"]
    )
    out = made.run()
    assert out["skills"] == ["x", "y"]


@pytest.mark.parametrize(("name", "text"), [("", "d"), ("x", ""), ("<x>", "d"), ("x", "d" * 1025)])
def test_an_object_that_cannot_be_used_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        Skill(name, text)


def test_the_next_run_sees_changes_on_disk(tmp_path: Path, loop: Any) -> None:
    write(tmp_path / "more", "x", plain("x", body="one"))
    made = loop({"select-skills": {"skills": ["x"]}}, skills=[str(tmp_path / "more")])
    made.run()
    write(tmp_path / "more", "x", plain("x", body="another"))
    made.run()
    told = [messages[0].text for messages in made.chat.asked("apply-skills")]
    assert [("one\n" in text, "another\n" in text) for text in told] == [
        (True, False),
        (False, True),
    ]
    (tmp_path / "more" / "x" / "SKILL.md").unlink()
    assert made.run()["skills"] == []


def test_an_unknown_setting_of_a_skill_is_no_setting_of_the_graph() -> None:
    with pytest.raises(ConfigError, match="no setting"):
        build_graph(skill=[])


def test_packaged_skills_lie_where_the_package_says() -> None:
    assert sorted(file.parent.name for file in data_folder("skills").glob("*/SKILL.md")) == PACKAGED
