"""Skills by name, where not all may be used."""

from __future__ import annotations

import pytest

from gems_graph.errors import ConfigError
from gems_graph.settings import from_env, settle
from gems_graph.skills import Skills
from tests.conftest import Loop


def test_only_the_named_ones_are_there() -> None:
    skills = Skills(only=["text-rendering", "Counting and binding"])
    names = [skill.name for skill in skills.manifest]
    assert names == ["counting-and-binding", "text-rendering"]
    assert [each["name"] for each in skills.instructions(["spatial-intelligence", *names])] == names


def test_a_name_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match=r"There is no skill 'knitting'; there are .*counting"):
        Skills(only=["knitting"])


def test_they_are_set_by_name_in_the_environment() -> None:
    assert settle(from_env({"GEMS_ONLY_SKILLS": "a, b"})).only_skills == ["a", "b"]


def test_the_planner_picks_from_the_named_ones_alone(store: object) -> None:
    for only, picked in ((["text-rendering"], []), (["counting-and-binding"], 1)):
        made = Loop(
            store,  # type: ignore[arg-type]
            {"select-skills": {"skills": ["counting-and-binding"]}},
            only_skills=only,
        )
        skills = made.run()["skills"]
        assert skills == (["counting-and-binding"] if picked else [])
