"""Numbers in sentences, wherever a person reads them."""

from __future__ import annotations

import pytest

from gems_graph.mini.questions import Noun
from gems_graph.prompting.wording import counted, counted_criteria


@pytest.mark.parametrize(("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images")])
def test_a_number_takes_the_noun_that_fits(number: int, text: str) -> None:
    assert counted(number, "image") == text


def test_an_irregular_noun_has_its_own_plural() -> None:
    assert [counted_criteria(n) for n in (1, 2)] == ["1 criterion", "2 criteria"]


def test_the_offline_judge_counts_one_cup_and_two_cups() -> None:
    noun = Noun(color="blue", object="cup")
    assert [noun.named(n) for n in (0, 1, 2)] == ["blue cups", "blue cup", "blue cups"]
    assert [Noun().named(n) for n in (1, 2)] == ["thing", "things"]
