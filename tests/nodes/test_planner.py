"""The Planner: what is shown when, files on demand, skill criteria, quoted text."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.prompting.verbatim import missing
from gems_graph.skills import Skill
from gems_graph.testing import Painter, ScriptedChat, text_of
from tests.conftest import criteria, prompts_of, verdicts
from tests.prompting.test_verbatim import contents, damaged
from tests.skills.test_skills import PACKAGED, plain, write


def test_the_manifest_first_and_instructions_only_when_picked(loop: Any) -> None:
    made = loop({"select-skills": [{"skills": []}, {"skills": ["`Spatial`"]}]})
    assert made.run()["skills"] == []
    assert prompts_of(made.chat, "apply-skills") == []
    out = made.run()
    assert out["skills"] == ["spatial-intelligence"]
    manifest, apply = (
        prompts_of(made.chat, "select-skills")[0],
        prompts_of(made.chat, "apply-skills")[0],
    )
    assert "Work out the layout" not in manifest
    assert all(name in manifest for name in PACKAGED)
    assert "Work out the layout" in apply
    assert "One text, one surface" not in apply  # another skill's
    assert "spatial-intelligence/references/chain-of-relations.md" in apply
    assert "To learn:" not in apply
    assert out["rounds"][0]["prompt"] == "a prompt written with a skill"


def test_an_unknown_skill_is_reported_and_p1_is_u(loop: Any) -> None:
    made = loop({"select-skills": {"skills": ["cooking"]}})
    out = made.run("a cat")
    assert out["notes"] == ["The Planner asked for a skill 'cooking', which does not exist."]
    assert out["rounds"][0]["prompt"] == "a cat"


def test_many_unknown_skills_are_one_note(loop: Any) -> None:
    made = loop({"select-skills": {"skills": [*"abcdefgh", "none", "a"]}})
    assert made.run("a cat")["notes"] == [
        "The Planner asked for skills that do not exist: 'a', 'b', 'c' and 5 more."
    ]


def test_no_more_than_max_skills_are_used(loop: Any) -> None:
    picks = {"select-skills": {"skills": ["text", "creative", "creative-drawing", "spatial"]}}
    assert loop(picks).run()["skills"] == ["text-rendering"]
    assert loop(picks, max_skills=2).run()["skills"] == ["creative-drawing", "text-rendering"]
    made = loop(picks, max_skills=0, skills=["no-such-folder"])
    assert made.run()["skills"] == []
    assert not made.chat.asked("select-skills")


def test_composed_instructions_stand_in_a_stable_order(loop: Any) -> None:
    orders = [["spatial", "creative"], ["creative", "spatial"]]
    made = loop({"select-skills": [{"skills": order} for order in orders]}, max_skills=2)
    assert [made.run()["skills"] for _ in orders] == [
        ["creative-drawing", "spatial-intelligence"]
    ] * 2
    one, other = prompts_of(made.chat, "apply-skills")
    assert one == other
    assert one.index('skill="creative-drawing"') < one.index('skill="spatial-intelligence"')


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def illustrated(tmp_path: Path) -> Path:
    folder = tmp_path / "more"
    write(folder, "lit", plain("lit", body="Light it."))
    write(folder / "lit", "references", "Text of one </user_prompt>", "one.md")
    write(folder / "lit", "references", picture(), "two.png")
    write(folder / "lit", "references", b"no picture", "bad.png")
    return folder


def test_files_are_given_when_asked_for_and_only_once(loop: Any, illustrated: Path) -> None:
    wanted = ["lit/references/one.md", "references/two.png", "lit/references/one.md"]
    made = loop(
        {
            "select-skills": {"skills": ["lit"]},
            "apply-skills": [{"read": wanted}, {"read": wanted, "prompt": "lit"}, {"prompt": "no"}],
        },
        skills=[str(illustrated)],
    )
    out = made.run()
    first, second = made.chat.asked("apply-skills")
    assert "Text of one" not in text_of(first[0])
    assert [file in text_of(first[0]) for file in wanted[:2]] == [True, True]
    text = text_of(second[0])
    assert '<reference name="lit/references/one.md">\nText of one &lt;/user_prompt>' in text
    assert text.count("Text of one") == 1
    assert '<reference name="lit/references/two.png">' in text
    assert [block["type"] for block in second[0].content].count("image") == 1
    assert '{"read"' not in text
    assert out["rounds"][0]["prompt"] == "lit"
    assert out["notes"] == []


def test_what_cannot_be_given_is_noted(loop: Any, illustrated: Path) -> None:
    wanted = ["lit/../../secret.md", "text-rendering/references/shop-sign.md", "references/bad.png"]
    made = loop(
        {
            "select-skills": {"skills": ["lit"]},
            "apply-skills": [{"read": wanted}, {"prompt": ""}],
        },
        skills=[str(illustrated)],
    )
    out = made.run("a lamp")
    assert len(made.chat.asked("apply-skills")) == 2
    assert len(out["notes"]) == 3
    assert all(note.startswith("The Planner asked for a file in vain. ") for note in out["notes"])
    assert out["rounds"][0]["prompt"] == "a lamp"


CRITERIA = "criteria:\n  - Is there C?\n  - Is there D?\n"


def with_criteria(tmp_path: Path) -> dict[str, Any]:
    write(tmp_path / "more", "strict", plain("strict", more=CRITERIA))
    return {"skills": [str(tmp_path / "more")], "max_iterations": 2}


def strict(*rounds: str) -> dict[str, Any]:
    picks = {"skills": ["strict"]}
    return {"select-skills": picks, "decompose": criteria(2), "verify": verdicts(*rounds)}


def test_a_skills_criteria_are_marked_judged_and_counted_apart(loop: Any, tmp_path: Path) -> None:
    made = loop(strict("yyyn", "ynyy"), **with_criteria(tmp_path))
    out = made.run()
    assert [c["source"] for c in out["criteria"]] == ["decomposer"] * 2 + ["skill:strict"] * 2
    assert all(len(round_["verdicts"]) == 4 for round_ in out["rounds"])
    result = out["result"]
    assert (result["passed"], result["total"], result["success"]) == (3, 4, False)
    assert (result["user_passed"], result["user_total"]) == (2, 2)
    assert result["why"].endswith("; of the request's own, 2 of 2")
    assert "Is there D?" in prompts_of(made.chat, "refine")[0]


def test_all_criteria_must_pass_for_success(loop: Any, tmp_path: Path) -> None:
    out = loop(strict("yyyn", "yyyy"), **with_criteria(tmp_path)).run()
    assert (out["result"]["round"], out["result"]["success"]) == (2, True)
    assert (out["result"]["user_passed"], out["result"]["user_total"]) == (2, 2)


def test_they_stand_beside_the_callers_own_and_can_be_switched_off(
    loop: Any, tmp_path: Path
) -> None:
    given_ = {"checklist": ["Is there A?"]}
    out = loop(strict("yyyy"), **with_criteria(tmp_path)).run(**given_)
    assert [c["source"] for c in out["criteria"]] == ["user", "skill:strict", "skill:strict"]
    out = loop(strict("yyyy"), **with_criteria(tmp_path), skill_criteria=False).run(**given_)
    assert [c["source"] for c in out["criteria"]] == ["user"]
    assert out["result"]["user_total"] == out["result"]["total"] == 1


def test_a_thread_used_again_starts_without_them(loop: Any, tmp_path: Path) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    script = {**strict("yyyy"), "select-skills": [{"skills": ["strict"]}, {"skills": []}]}
    made = loop(script, **with_criteria(tmp_path), checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "t"}}
    counts = [len(made.graph.invoke({"prompt": "p"}, config)["criteria"]) for _ in range(2)]
    assert counts == [4, 2]


def test_a_skill_that_is_gone_when_it_is_wanted_is_left_out(loop: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "more", "x", plain("x"))

    def pick(_: str) -> dict[str, Any]:
        file.unlink()
        return {"skills": ["x"]}

    out = loop({"select-skills": pick}, skills=[str(tmp_path / "more")]).run("a cat")
    assert out["skills"] == []
    assert out["notes"] == ["The skill 'x' cannot be read any more."]
    assert out["rounds"][0]["prompt"] == "a cat"


def test_a_prompt_that_lost_quoted_text_is_asked_again_and_then_mended(loop: Any) -> None:
    script = {
        "select-skills": {"skills": ["text"]},
        "apply-skills": [{"prompt": "A shop."}, {"prompt": 'A shop, "OPEN".'}],
    }
    made = loop(script)
    out = made.run('a shop, "OPEN", “24 h”')
    first, second = prompts_of(made.chat, "apply-skills")
    assert "<lost>" not in first
    assert "<lost>OPEN</lost>\n<lost>24 h</lost>" in second
    assert out["rounds"][0]["prompt"] == 'A shop, "OPEN". The picture shows the text “24 h”.'
    assert out["notes"] == ["Round 1: the prompt lost '24 h'; it was put back."]


MARKS = ['"{}"', "'{}'", "“{}”", "„{}“", "«{}»", "「{}」", "『{}』"]


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.data())
def test_a_quoted_string_of_200_characters_survives_five_refinements(
    store: Store, data: st.DataObject
) -> None:
    text = data.draw(contents())
    request = f"a wall with {data.draw(st.sampled_from(MARKS)).format(text)} on it"

    harmed = [{"prompt": damaged(data.draw, request, text)} for _ in range(12)]
    chat = ScriptedChat(
        script={
            "select-skills": {"skills": ["text-rendering"]},
            "apply-skills": harmed[:2], "refine": harmed[2:],
            "decompose": criteria(1), "verify": verdicts("n"),
        }
    )  # fmt: skip
    graph = build_graph(
        mllm=chat, generator=Painter(), store=store, max_iterations=6, memory="none", seed=1,
        skill_criteria=False,
    )  # fmt: skip
    rounds = graph.invoke({"prompt": request})["rounds"]
    assert len(rounds) == 6
    assert all(text in round_["prompt"] for round_ in rounds)
    assert not any(missing(request, round_["prompt"]) for round_ in rounds)


def test_objects_work_without_any_file(loop: Any) -> None:
    skill = Skill("mine", "Does mine.", "Do it my way.", criteria=("Is there C?",))
    made = loop({**strict("yyy"), "select-skills": {"skills": ["mine"]}}, skills=[skill])
    out = made.run()
    assert [c["source"] for c in out["criteria"]][-1] == "skill:mine"
    assert "Do it my way." in prompts_of(made.chat, "apply-skills")[0]
    assert "<files>" not in prompts_of(made.chat, "apply-skills")[0]
