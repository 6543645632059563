"""Many skills: the manifest keeps to its budget, and what fits the request is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gems_graph.skills import Skill, Skills
from gems_graph.skills.shortlist import shortlist, terms, tokens_of
from gems_graph.testing import text_of
from tests.skills.test_skills import PACKAGED, plain, write

SUBJECTS = {
    "boat-building": "Draws wooden boats, ships and canoes with believable rigging.",
    "ink-painting": "水墨画的笔法、留白与意境。用于山水、竹子和书法。",
    "neon-signs": "霓虹灯招牌的发光和反射效果。",
    "ukiyo-e": "浮世絵の版画らしい線と色。波や富士山に使う。",
    "hanbok": "한복의 옷감과 주름을 그립니다.",
    "stained-glass": "Stained glass windows with lead lines and glowing colours.",
    "thai-temples": "วาดวัดไทยและลวดลายกนก",
    "пейзажи": "Рисует пейзажи: леса, реки и туманы.",
}


def thousand() -> list[Skill]:
    filler = [
        Skill(f"filler-{k:03}", f"Handles matter number {k} of kind {k % 7}, whatever is asked.")
        for k in range(1000)
    ]
    named = [Skill(name, description) for name, description in SUBJECTS.items()]
    return sorted([*Skills().manifest, *filler, *named], key=lambda skill: skill.name)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("two small boats on a lake", "boat-building"),
        ("a canoe", "boat-building"),
        ("水墨山水", "ink-painting"),
        ("一块霓虹灯招牌", "neon-signs"),
        ("富士山の浮世絵", "ukiyo-e"),
        ("한복을 입은 사람", "hanbok"),
        ("วัดไทยริมแม่น้ำ", "thai-temples"),
        ("туманный пейзаж", "пейзажи"),
        ("a window of stained glass", "stained-glass"),
        ("a cat left of a dog", "spatial-intelligence"),
    ],
)
def test_what_fits_the_request_is_shown_within_the_budget(query: str, found: str) -> None:
    shown = shortlist(thousand(), query, 1000)
    assert found in [skill.name for skill in shown]
    assert sum(map(tokens_of, shown)) <= 1000
    assert shown == sorted(shown, key=lambda skill: skill.name)


def test_with_the_packaged_skills_nothing_changes() -> None:
    packaged = Skills().manifest
    assert shortlist(packaged, "anything", 4000) == packaged


def test_where_words_tell_nothing_apart_packaged_skills_go_first() -> None:
    shown = [skill.name for skill in shortlist(thousand(), "qqq", 1000)]
    assert set(PACKAGED) <= set(shown)


def test_the_best_one_is_shown_whatever_the_budget() -> None:
    assert [skill.name for skill in shortlist(thousand(), "canoe", 1)] == ["boat-building"]


@given(
    st.text(max_size=40), st.integers(0, 400), st.lists(st.text("ab 好", max_size=9), max_size=6)
)
def test_any_request_and_any_descriptions_are_taken(
    query: str, budget: int, words: list[str]
) -> None:
    skills = [Skill(f"s{k}", f"{word}.") for k, word in enumerate(words)]
    shown = shortlist(skills, query, budget)
    assert bool(shown) == bool(skills)
    assert len(shown) < 2 or sum(map(tokens_of, shown)) <= budget


def test_words_meet_their_inflections_and_unspaced_scripts_go_in_pairs() -> None:
    assert terms("Drawings of 猫と犬 x") == ["drawings", "drawi", "of", "x", "猫と", "と犬"]
    assert terms("猫") == ["猫"]


def test_a_run_with_a_thousand_skills_shows_a_few_and_says_so(tmp_path: Path, loop: Any) -> None:
    for k in range(1000):
        write(tmp_path / "more", f"filler-{k}", plain(f"filler-{k}", f"Draws thing number {k}."))
    made = loop({"select-skills": {"skills": ["spatial"]}}, skills=[str(tmp_path / "more")])
    out = made.run("a cat left of a dog")
    assert out["skills"] == ["spatial-intelligence"]
    prompt = text_of(made.chat.asked("select-skills")[0][0])
    assert 50 < prompt.count("<skill name=") < 400
    assert len(prompt) / 4 < 4000 + 500
    [note] = out["notes"]
    assert "Over manifest_tokens=4000: the Planner did not see " in note
